import { addExactly, toBigInt } from '../common/exact-json.js';
import { type Capabilities, type Capability, descriptionOf } from '../engines/capabilities.js';
import type { Issue } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';
import type { Candidate } from '../routing/candidate.js';
import type { EngineProfile } from '../engines/engine-profile.js';
import type { CreateCompletionDto } from '../contract/create-completion.dto.js';
import { demandsOf, hasSuffix, isFilledIn, ranks } from './demands.js';
import { chatDialect } from './dialects/chat.js';
import { completionsDialect, type Dialect, type SentBody } from './dialects/dialect.js';
import { infillDialect } from './dialects/infill.js';
import { PrependPrompt, RequireEcho } from './emulations/echo.js';
import type { Emulation } from './emulations/emulation.js';
import { ToLegacyLogprobs } from './emulations/legacy-logprobs.js';
import { WithoutTokens } from './emulations/no-tokens.js';
import { StopAtTexts } from './emulations/stop.js';
import { toRankable } from './emulations/best-of.js';
import { forbidExtras } from '../contract/extra-fields.js';
import { INT64_MAX } from '../contract/field-rules.js';
import { PartBodies } from './part-bodies.js';
import {
  choiceCountOf,
  echoedPromptOf,
  isOnePrompt,
  type Prompt,
  promptLengthsOf,
  promptOf,
  promptsOf,
} from '../contract/prompts.js';

export const DEFAULT_MAX_TOKENS = 16;

/** One request to the upstream: the whole of what the caller asked for, or one part of it. */
export interface Part {
  readonly dialect: Dialect;
  /**
   * The body as it is sent, once: it is written then, and what it is written from is not kept longer. `idSuffix` makes unique
   * what names the request to the engine.
   */
  writeBody: (idSuffix: string) => string;
  /** The first of the caller's choices that it is for; the others follow. */
  readonly firstChoice: number;
  readonly choiceCount: number;
  /** The first of the caller's prompts that it is for. */
  readonly promptIndex: number;
  /** Nothing is made up for: of a piece that has only a text, the text is the caller's as it is. */
  readonly isPlain: boolean;
  /** What is made up for in its choices, in running order; made anew, since they keep what they have seen. */
  readonly emulations: () => Emulation[];
}

/** How one candidate does a request. */
export interface Plan {
  readonly parts: readonly [Part, ...Part[]];
  /** The features that the gateway emulates, without those that cost nothing. */
  readonly emulated: readonly Capability[];
  /** The choices are more than the caller gets, and are to be ranked. */
  readonly ranks: boolean;
  /** The prompt is put in front of the choices here. */
  readonly prependsPrompt: boolean;
  /** The usage of a stream is to be counted by the engine's tokenizer. */
  readonly countsUsage: boolean;
  /** The gateway may know before the upstream does that a choice is over. */
  readonly endsEarly: boolean;
}

/**
 * Decides how a candidate does a request that it was found fit for (see `judge`): what is sent, in how many parts, and what
 * is made up for in the answer.
 *
 * A body is written anew from the validated object: what was checked is what is sent. `null` means "not given", and some
 * engines refuse it, so it is left out; so are options that would have no effect.
 */
export function planRequest(asked: CreateCompletionDto, candidate: Candidate): Plan {
  const { capabilities } = candidate.upstream.profile;
  const isRanked = ranks(asked) && capabilities.best_of === 'emulate';
  const body = isRanked ? toRankable(asked) : asked;
  const emulated = emulatedOf(demandsOf(body), capabilities);
  const dialect = dialectFor(body, candidate);
  const fillsIn = hasSuffix(body) && emulated.has('suffix');
  const template = fillsIn ? candidate.upstream.fimTemplates.of(body.model) : undefined;
  // The engine sees a prompt that is not the caller's.
  if (body.echo && (template !== undefined || dialect.isFromRoot)) emulated.add('echo');
  // Without `echo` it may not take 0 for `max_tokens`.
  if (emulated.has('echo') && body.max_tokens === 0) emulated.add('echo_only');
  // It has one prompt, and one choice.
  if (dialect.isFromRoot) emulated.add('n').add('prompt_list');

  const bodies = new PartBodies(sentBody(body, candidate, emulated), dialect, template);
  const emulations = emulationsFor(body, emulated);
  const isPlain = dialect === completionsDialect && emulations === noEmulations;
  const parts = partsOf(body, emulated).map(({ fields, ...part }) => ({
    ...part,
    dialect,
    isPlain,
    emulations,
    writeBody: (idSuffix: string) => (fields ? bodies.part(fields, idSuffix) : bodies.whole(idSuffix)),
  }));
  return {
    parts: parts as [Part, ...Part[]],
    emulated: namesOf(emulated, isRanked),
    ranks: isRanked,
    prependsPrompt: emulated.has('echo') || (asked.echo === true && body.echo !== true),
    countsUsage: emulated.has('stream_usage'),
    endsEarly: emulated.has('stop'),
  };
}

function emulatedOf(demands: readonly Capability[], capabilities: Capabilities): Set<Capability> {
  const emulated = new Set<Capability>();
  for (const demand of demands) if (capabilities[demand] === 'emulate') emulated.add(demand);
  return emulated;
}

const NOTHING: readonly Capability[] = [];

function namesOf(emulated: ReadonlySet<Capability>, isRanked: boolean): readonly Capability[] {
  if (emulated.size === 0 && !isRanked) return NOTHING;
  const names = [...emulated].filter((each) => !descriptionOf(each).isFree);
  return isRanked ? ['best_of', ...names] : names;
}

/** Whether the body has fields that the contract does not list. */
export function hasExtras(body: CreateCompletionDto): boolean {
  return forbidExtras(body).length > 0;
}

/** Whether the candidate takes such fields. */
export function takesExtras({ upstream }: Candidate): boolean {
  return upstream.profile.extraParameters === 'forward';
}

/** What a caller gets when every candidate refuses the fields that the contract does not list: 422, each by name. */
export function refusedFields(body: CreateCompletionDto): ValidationError {
  return new ValidationError(forbidExtras(body) as [Issue, ...Issue[]]);
}

function dialectFor(body: CreateCompletionDto, candidate: Candidate): Dialect {
  const { config, profile } = candidate.upstream;
  if (config.api === 'chat') return chatDialect;
  return isFilledIn(body, candidate) ? infillDialect(profile.infillPath ?? '') : completionsDialect;
}

/** What is sent in any part, in the names of the contract. A field is left out here: `delete` would slow all that follows. */
function sentBody(
  body: CreateCompletionDto,
  { upstream, upstreamModel }: Candidate,
  emulated: ReadonlySet<Capability>,
): SentBody {
  const sent: SentBody = defaultsOf(upstream.profile);
  for (const name in body) {
    const value = body[name as keyof CreateCompletionDto];
    if (value !== null && value !== undefined && !isLeftOut(name, value, body, emulated)) sent[name] = value;
  }
  sent.model = upstreamModel;
  sent.prompt = unpacked(body.prompt, upstream.profile.capabilities);
  // Usage is asked for in any case, for the access log; a caller who did not ask does not get to see it.
  if (body.stream) sent.stream_options = { ...withoutNulls(body.stream_options ?? {}), include_usage: true };
  if (emulated.size === 0) return sent;
  if (emulated.has('max_tokens_absent')) sent.max_tokens = DEFAULT_MAX_TOKENS;
  if (emulated.has('max_tokens_zero') || emulated.has('echo_only')) sent.max_tokens = 1;
  if (emulated.has('logprobs_zero')) sent.logprobs = 1;
  if (emulated.has('stop')) sent.stop = stopsFor(body, upstream.profile);
  else if (emulated.has('stop_text')) sent.stop = [sent.stop];
  return sent;
}

/** What is made up for here, or says nothing that is not so without it; some engines refuse even that. */
function isLeftOut(
  name: string,
  value: unknown,
  body: CreateCompletionDto,
  emulated: ReadonlySet<Capability>,
): boolean {
  switch (name) {
    case 'stream_options':
      return true;
    case 'best_of':
      return !ranks(body);
    case 'suffix':
      return value === '';
    case 'logit_bias':
      return Object.keys(value as object).length === 0;
    case 'stop':
      return Array.isArray(value) && value.length === 0;
    case 'echo':
      // Chat completions have no such field.
      return value === false || emulated.has('echo');
    case 'top_p':
      return emulated.has('top_p_one');
    default:
      return false;
  }
}

/** What the engine may stop at itself, which saves what it would generate in vain; undefined is not sent. */
function stopsFor({ stop }: CreateCompletionDto, { stopLimit = 0 }: EngineProfile): string[] | undefined {
  const stops = [stop ?? []].flat().slice(0, stopLimit);
  return stops.length > 0 ? stops : undefined;
}

const CONTRACT_DEFAULTS = { temperature: 1, top_p: 1 };

function defaultsOf({ capabilities, samplingDefaults }: EngineProfile): SentBody {
  return capabilities.sampling_defaults === 'emulate' ? { ...(samplingDefaults ?? CONTRACT_DEFAULTS) } : {};
}

/** A list of one is a list all the same to an engine that knows none. */
function unpacked(prompt: CreateCompletionDto['prompt'], capabilities: Capabilities): CreateCompletionDto['prompt'] {
  if (typeof prompt === 'string' || prompt.length !== 1) return prompt;
  const [only] = prompt;
  if (only === undefined || typeof only === 'number') return prompt;
  const isNative = capabilities[typeof only === 'string' ? 'prompt_list' : 'prompt_tokens_list'] === 'native';
  return isNative ? prompt : only;
}

const NONE: Emulation[] = [];
const noEmulations = (): Emulation[] => NONE;

/** Running order: what the engine said is brought to the contract's form first, and what it never saw comes last. */
function emulationsFor(body: CreateCompletionDto, emulated: ReadonlySet<Capability>): () => Emulation[] {
  const cutsText = emulated.has('stop') || emulated.has('max_tokens_zero');
  if (!body.echo && typeof body.logprobs !== 'number' && !cutsText) return noEmulations;
  const isEchoed = body.echo === true && !emulated.has('echo');
  const promptAt = (index: number): ReturnType<typeof promptOf> => promptOf(body, index);
  const promptLengthAt = promptLengthsOf(body);
  const { logprobs, stop } = body;
  return () => {
    const list: Emulation[] = [];
    if (typeof logprobs === 'number') list.push(new ToLegacyLogprobs(logprobs, isEchoed, promptAt, promptLengthAt));
    if (isEchoed) list.push(new RequireEcho(promptAt));
    if (emulated.has('max_tokens_zero') || emulated.has('echo_only')) {
      list.push(new WithoutTokens((index) => (isEchoed ? echoedPromptOf(body, index) : '')));
    }
    if (emulated.has('stop')) list.push(new StopAtTexts([stop ?? []].flat()));
    if (emulated.has('echo')) list.push(new PrependPrompt(promptAt));
    return list;
  };
}

interface Share extends Pick<Part, 'firstChoice' | 'choiceCount' | 'promptIndex'> {
  /** What this part has of its own. */
  fields?: SentBody;
}

/** All at once where the engine can, else a request for each prompt, else one for each choice. */
function partsOf(body: CreateCompletionDto, emulated: ReadonlySet<Capability>): Share[] {
  if (emulated.size === 0) return [{ firstChoice: 0, choiceCount: choiceCountOf(body), promptIndex: 0 }];
  const prompts = promptsOf(body);
  const n = body.n ?? 1;
  // What all parts have is no part's own.
  const own = (prompt: Prompt): SentBody => (isOnePrompt(body) ? {} : { prompt });
  if (n > 1 && (emulated.has('n') || emulated.has('n_greedy'))) {
    return prompts.flatMap((prompt, promptIndex) =>
      Array.from({ length: n }, (_, choice) => ({
        firstChoice: promptIndex * n + choice,
        choiceCount: 1,
        promptIndex,
        fields: { ...own(prompt), n: undefined, ...seedOf(body, choice) },
      })),
    );
  }
  if (prompts.length > 1 && (emulated.has('prompt_list') || emulated.has('prompt_tokens_list'))) {
    return prompts.map((prompt, promptIndex) => ({
      firstChoice: promptIndex * n,
      choiceCount: n,
      promptIndex,
      fields: own(prompt),
    }));
  }
  return [{ firstChoice: 0, choiceCount: choiceCountOf(body), promptIndex: 0 }];
}

/** Choices of one seed would be one text. */
function seedOf({ seed }: CreateCompletionDto, choice: number): SentBody {
  if (seed === undefined || seed === null) return {};
  const next = addExactly(seed, choice);
  const isBeyond = typeof next !== 'number' && toBigInt(next) > INT64_MAX;
  return { seed: isBeyond ? addExactly(seed, -choice) : next };
}

function withoutNulls(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
}
