/**
 * How an upstream stands to something that a request may ask for: `native`, the engine does it as the contract says;
 * `emulate`, the gateway makes up for it; `refuse`, neither can, and the caller gets 400 `unsupported_parameter`.
 */
export const SUPPORTS = ['native', 'emulate', 'refuse'] as const;
export type Support = (typeof SUPPORTS)[number];

export interface CapabilityDescription {
  /** The parameter that a refusal names. */
  param: string;
  /** What is asked for, as a sentence about the request. */
  asks: string;
  /** How the gateway makes up for an engine that lacks it; undefined when it cannot. */
  emulation?: string;
  /** Whether that costs the engine nothing: then no upstream is preferred for not needing it. */
  isFree?: true;
}

/** Everything in which engines differ on `POST /v1/completions`, and what the gateway can do about each. */
export const CAPABILITIES = {
  prompt_list: {
    param: 'prompt',
    asks: 'several texts as the prompt',
    emulation: 'one request for each text, merged in order',
  },
  prompt_tokens: { param: 'prompt', asks: 'a list of token ids as the prompt' },
  prompt_tokens_list: {
    param: 'prompt',
    asks: 'several lists of token ids as the prompt',
    emulation: 'one request for each list, merged in order',
  },
  suffix: {
    param: 'suffix',
    asks: 'a text to come after the completion',
    emulation: "llama.cpp's `/infill`, or the model's template of `fimTemplates`; without one it is refused",
  },
  max_tokens_absent: {
    param: 'max_tokens',
    asks: 'no `max_tokens`, which means 16',
    emulation: '16 is sent',
    isFree: true,
  },
  max_tokens_zero: {
    param: 'max_tokens',
    asks: '`max_tokens` 0: nothing is generated',
    emulation: 'one token is asked for and taken off',
  },
  echo_only: {
    param: 'max_tokens',
    asks: '`max_tokens` 0 with `echo`: the prompt alone',
    emulation: 'one token is asked for and taken off; where the prompt is a list of token ids it is refused',
  },
  n: { param: 'n', asks: 'several choices', emulation: 'one request for each choice, with `seed + i`' },
  n_greedy: {
    param: 'n',
    asks: 'several choices at temperature 0',
    emulation: 'one request for each choice',
  },
  best_of: {
    param: 'best_of',
    asks: 'the best of several choices',
    emulation: 'so many choices with log probabilities, ranked by their mean per token',
  },
  echo: {
    param: 'echo',
    asks: 'the prompt in front of the completion',
    emulation: 'the prompt is put there; where it is a list of token ids it is refused',
  },
  echo_logprobs: { param: 'echo', asks: '`echo` with `logprobs`: the log probabilities of the prompt' },
  logprobs: {
    param: 'logprobs',
    asks: 'log probabilities',
    emulation: 'converted from the shape of chat completions',
    isFree: true,
  },
  logprobs_zero: {
    param: 'logprobs',
    asks: '`logprobs` 0: those of the chosen tokens alone',
    emulation: '1 is asked for, and what was not chosen is taken off',
    isFree: true,
  },
  stop: {
    param: 'stop',
    asks: 'texts to stop at',
    emulation: 'the text is searched as it comes, held back as far as it may be the begin of one, and cut',
  },
  stop_text: {
    param: 'stop',
    asks: '`stop` as one text, without a list around it',
    emulation: 'a list is sent',
    isFree: true,
  },
  sampling_defaults: {
    param: 'temperature',
    asks: 'no sampling options, which means `temperature` 1 and `top_p` 1 and no others',
    emulation: 'they are sent',
    isFree: true,
  },
  top_p_one: { param: 'top_p', asks: '`top_p` 1', emulation: 'it is left out', isFree: true },
  seed: { param: 'seed', asks: 'the same text for the same seed' },
  logit_bias: { param: 'logit_bias', asks: 'a bias on tokens' },
  frequency_penalty: { param: 'frequency_penalty', asks: 'a frequency penalty' },
  presence_penalty: { param: 'presence_penalty', asks: 'a presence penalty' },
  stream_usage: {
    param: 'stream_options',
    asks: '`stream_options.include_usage`: the usage at the end of a stream',
    emulation: "counted by the engine's own tokenizer when the stream is over",
  },
} as const satisfies Record<string, CapabilityDescription>;

export type Capability = keyof typeof CAPABILITIES;
export type Capabilities = Readonly<Record<Capability, Support>>;

export const CAPABILITY_NAMES = Object.keys(CAPABILITIES) as Capability[];

export function descriptionOf(capability: Capability): CapabilityDescription {
  return CAPABILITIES[capability];
}
