import { type Capabilities, type FeatureName, FEATURE_NAMES, type Support } from './feature-names.js';
import type { Api, EndpointName, ExtraParameters } from './engine-names.js';
import type { KnownFields } from './known-fields.js';

/**
 * What one engine does on `POST /v1/completions`, and what emulating the rest needs.
 *
 * What an answer tells by itself is not here: log probabilities in the shape of chat completions, finish reasons of the
 * engine's own, usage on the last choice's chunk and errors of every shape are read wherever they come from.
 */
export interface EngineProfile {
  /** The versions that were run and recorded; absent: it is read from its source, or its documentation. */
  readonly seen?: readonly string[];
  readonly capabilities: Capabilities;
  /** Where it is asked, when that is not `/completions`. */
  readonly endpoint?: EndpointName;
  /** What is otherwise where it is asked at `/chat/completions`. */
  readonly chat?: Partial<Pick<EngineProfile, 'knownFields' | 'samplingDefaults'>>;
  /** The fields outside the contract that it takes, and what is to be known of them. */
  readonly knownFields: KnownFields;
  /** Where it answers for its health, from the root of the server; without it, it is asked for its models. */
  readonly healthPath?: string;
  /** The path of its version, `{ "version": … }` or `{ "build_info": … }`, from the root of the server. */
  readonly versionPath?: string;
  /** Sent when the client sets no value, because the engine's defaults differ from the contract's. */
  readonly samplingDefaults?: Readonly<Record<string, number>>;
  /** How many stop texts it takes where `stop` is emulated: what it finds itself need not be aborted. */
  readonly stopLimit?: number;
  /** llama.cpp's endpoint for a prompt and a suffix, from the root of the server. */
  readonly infillPath?: string;
  /** llama.cpp's endpoint that lists the tokens of a text, from the root of the server. */
  readonly tokenizePath?: string;
  /** llama-cpp-python's endpoint that counts the tokens of a text, from the root of the server. */
  readonly tokenCountPath?: string;
  /** Whole answers are streamed and collected: only streams end at once with a hang-up, and have all log probabilities. */
  readonly isBestStreamed?: true;
  /** With `stop` it holds generated characters back: the delivered text may end within a token. */
  readonly holdsTextBack?: true;
  /**
   * `return_token_ids` gives the ids of the prompt and of each chunk. With `holdsTextBack` the text is behind them, by the
   * longest stop text less one character; else the text of a chunk is that of its ids.
   */
  readonly givesTokenIds?: true;
  /** llama.cpp's endpoint that gives the ids of the generated tokens only, from the root of the server. */
  readonly tokenIdsPath?: string;
  /** A chunk may have several tokens. */
  readonly mergesTokens?: true;
  /** It answers a stream whose prompt exceeds the context with an empty 200. */
  readonly refusesStreamsInSilence?: true;
  /** How its own endpoint is asked for one token, for a health check: the path from the root of the server, and the body without its model. */
  readonly oneToken?: { readonly path: string; readonly body: object };
  /** The tag that the engine lists a model with, and that a name without one means. */
  readonly impliedTag?: string;
  /** It refuses an `X-Request-Id` that is no UUID. */
  readonly refusesRequestIds?: true;
  /** Each request interrupts the previous one: one slot, unless `maxConcurrency` is higher. */
  readonly isOneAtATime?: true;
  /** What stays different, for the documentation. */
  readonly limits: readonly string[];
}

/** Every capability native, but for those that are named. */
export function nativeBut(others: Partial<Record<FeatureName, Support>>): Capabilities {
  const native = Object.fromEntries(FEATURE_NAMES.map((name) => [name, 'native']));
  return { ...native, ...others } as Capabilities;
}

/**
 * What changes when only chat completions are there: a prompt is one message of the user, which has no place for token
 * ids, for a suffix, or for log probabilities of the prompt.
 */
const CHAT: Partial<Record<FeatureName, Support>> = {
  prompt_list: 'emulate',
  prompt_tokens: 'refuse',
  prompt_tokens_list: 'refuse',
  suffix: 'refuse',
  max_tokens_absent: 'emulate',
  max_tokens_zero: 'emulate',
  echo_only: 'emulate',
  best_of: 'emulate',
  echo: 'emulate',
  echo_logprobs: 'refuse',
};

/** The profile as the upstream's configuration changes it. */
export interface ProfileOptions {
  api: Api;
  capabilities?: Partial<Record<FeatureName, Support>>;
  extraParameters?: ExtraParameters;
}

/** What the gateway does with one upstream. */
export interface ConfiguredProfile extends EngineProfile {
  readonly extraParameters: ExtraParameters;
}

/** The engine's profile as the upstream's configuration changes it. */
export function configuredProfile(
  profile: EngineProfile,
  { api, capabilities, extraParameters = 'forward-known' }: ProfileOptions,
): ConfiguredProfile {
  const logprobs = profile.capabilities.logprobs === 'refuse' ? 'refuse' : 'emulate';
  const ofApi = api === 'chat' ? { ...CHAT, logprobs, logprobs_zero: 'emulate' } : {};
  return {
    ...profile,
    ...(api === 'chat' && profile.chat),
    capabilities: { ...profile.capabilities, ...(ofApi as Partial<Capabilities>), ...capabilities },
    extraParameters,
  };
}
