import type { Engine } from '../../engines/engine-names.js';
import type { Dialect } from '../../completions/dialects/dialect.js';
import { ollamaDialect } from '../../completions/dialects/ollama.js';
import type { SentRequest } from './recording.js';

export interface RequestToRecord extends SentRequest {
  name: string;
  /** Disconnect after so many pieces of the answer. */
  hangUpAfter?: number;
  /** Sent together with the one before it. */
  isConcurrent?: boolean;
}

type Fields = Record<string, unknown>;

const GREEDY = { prompt: 'Once upon a time', max_tokens: 5, temperature: 0 };
const SEEDED = { prompt: 'Once upon a time', max_tokens: 5, seed: 7 };
const IDS = [752, 867, 262, 427];

/** Bodies of the contract, each sent without `stream` and with it. */
const CONTRACT: Record<string, Fields> = {
  plain: GREEDY,
  seeded: SEEDED,
  'no options': { prompt: GREEDY.prompt, seed: 7, stop: ['.'] },
  'characters of several bytes': { ...GREEDY, prompt: 'Señor Muñoz 🦊 said:' },
  'a special token as text': { ...GREEDY, prompt: '<|endoftext|>Once' },
  'an empty prompt': { ...GREEDY, prompt: '' },
  'several texts': { ...GREEDY, prompt: ['Once upon', 'The cat'] },
  'token ids': { ...GREEDY, prompt: IDS },
  'several lists of token ids': { ...GREEDY, prompt: [IDS, [752]] },
  'a prompt longer than the context': { ...GREEDY, prompt: 'Once upon a time. '.repeat(120) },
  'more tokens than the context': { prompt: 'Once upon', temperature: 0, max_tokens: 100_000, stop: ['.'] },
  'max_tokens 0': { ...GREEDY, max_tokens: 0, stop: ['.'] },
  'max_tokens 0 with echo': { ...GREEDY, max_tokens: 0, echo: true, stop: ['.'] },
  'max_tokens 1': { ...GREEDY, max_tokens: 1 },
  n: { ...SEEDED, n: 2 },
  'n at temperature 0': { ...GREEDY, n: 2 },
  'n with echo and logprobs': { ...SEEDED, n: 2, echo: true, logprobs: 1 },
  best_of: { ...SEEDED, best_of: 2 },
  echo: { ...GREEDY, echo: true },
  'echo with logprobs': { ...GREEDY, echo: true, logprobs: 1 },
  'logprobs 0': { ...GREEDY, logprobs: 0 },
  'logprobs 1': { ...GREEDY, logprobs: 1 },
  'logprobs 2': { ...GREEDY, logprobs: 2 },
  'logprobs 5': { ...GREEDY, logprobs: 5, max_tokens: 3 },
  'logprobs with stop': { ...GREEDY, logprobs: 1, max_tokens: 20, stop: [', there'] },
  'logprobs of characters of several bytes': { ...GREEDY, logprobs: 1, prompt: 'The 🦊 and the ', max_tokens: 6 },
  'stop as a text': { ...GREEDY, stop: ' there' },
  'stop as a list': { ...GREEDY, stop: [' there', ' was'] },
  'stop within a token': { ...GREEDY, stop: 'her' },
  'top_p 0': { ...SEEDED, top_p: 0 },
  'top_p 1': { ...SEEDED, top_p: 1 },
  penalties: { ...GREEDY, frequency_penalty: 1.5, presence_penalty: -0.5 },
  logit_bias: { ...GREEDY, logit_bias: { '262': -100 } },
  'logit_bias of no token': { ...GREEDY, logit_bias: { '999999': 1 } },
  suffix: { ...GREEDY, suffix: ' The end.' },
  user: { ...GREEDY, user: 'somebody' },
  'explicit nulls': {
    ...GREEDY,
    stop: null,
    suffix: null,
    logprobs: null,
    echo: null,
    n: null,
    seed: null,
    top_p: null,
  },
};

/** Bodies beyond the contract: what the engine refuses, or has for itself. */
const BEYOND: Record<string, Fields> = {
  'temperature 3': { ...SEEDED, temperature: 3 },
  'temperature of a wrong type': { ...GREEDY, temperature: 'hot' },
  'n 0': { ...GREEDY, n: 0 },
  'n 100': { ...SEEDED, n: 100 },
  'logprobs 21': { ...GREEDY, logprobs: 21, max_tokens: 1 },
  'an empty stop': { ...GREEDY, stop: '' },
  'no prompt': { max_tokens: 8 },
  'a prompt of a wrong type': { ...GREEDY, prompt: 5 },
  'a token that does not exist': { ...GREEDY, prompt: [999_999] },
  'an unknown field': { ...GREEDY, no_such_field: 1 },
  'seed beyond a double': { ...GREEDY, seed: 9_007_199_254_740_992 },
  top_k: { ...SEEDED, top_k: 1 },
  min_p: { ...SEEDED, min_p: 0.9 },
  repetition_penalty: { ...GREEDY, repetition_penalty: 1.3 },
  repeat_penalty: { ...GREEDY, repeat_penalty: 1.3 },
  ignore_eos: { ...GREEDY, ignore_eos: true },
  min_tokens: { ...GREEDY, min_tokens: 2 },
  stop_token_ids: { ...GREEDY, stop_token_ids: [262] },
  guided_choice: { ...GREEDY, guided_choice: ['yes', 'no'] },
  structured_outputs: { ...GREEDY, structured_outputs: { choice: ['yes', 'no'] } },
  response_format: { ...GREEDY, response_format: { type: 'json_object' } },
  json_schema: { ...GREEDY, json_schema: { type: 'boolean' } },
  grammar: { ...GREEDY, grammar: 'root ::= "yes" | "no"' },
  n_predict: { ...GREEDY, n_predict: 3 },
  n_probs: { ...GREEDY, n_probs: 2 },
  n_cmpl: { ...SEEDED, n_cmpl: 2 },
  post_sampling_probs: { ...GREEDY, logprobs: 1, post_sampling_probs: true },
  verbose: { ...GREEDY, verbose: true, max_tokens: 1 },
  request_id: { ...GREEDY, request_id: 'mine' },
  logprob_token_ids: { ...GREEDY, logprobs: 1, logprob_token_ids: [262, 752] },
  prompt_logprobs: { ...GREEDY, prompt_logprobs: 1, max_tokens: 2 },
  return_token_ids: { ...GREEDY, return_token_ids: true },
  'return_token_ids with echo': { ...GREEDY, return_token_ids: true, echo: true },
  return_tokens_as_token_ids: { ...GREEDY, return_tokens_as_token_ids: true, logprobs: 1, max_tokens: 2 },
  truncate_prompt_tokens: { ...GREEDY, truncate_prompt_tokens: 2 },
  use_beam_search: { ...GREEDY, use_beam_search: true, n: 2 },
};

/** Requests that streams answer differently. */
const STREAMED_BEYOND = [
  ...['temperature 3', 'no prompt', 'a prompt of a wrong type', 'a token that does not exist', 'an unknown field'],
  ...['n_probs', 'n_cmpl', 'return_token_ids', 'return_token_ids with echo', 'prompt_logprobs', 'use_beam_search'],
];

const OWN_ENDPOINTS: Partial<Record<Engine, [name: string, path: string, body: Fields][]>> = {
  'llama.cpp': [
    [
      'completion with tokens',
      '/completion',
      { prompt: GREEDY.prompt, n_predict: 6, temperature: 0, return_tokens: true },
    ],
    [
      'completion with tokens and probabilities, streamed',
      '/completion',
      { prompt: IDS, n_predict: 6, temperature: 0, return_tokens: true, n_probs: 2, stream: true },
    ],
    ['tokenize', '/tokenize', { content: '<|endoftext|>Once upon', parse_special: true, add_special: true }],
    ['infill', '/infill', { input_prefix: 'Once', input_suffix: ' end.', n_predict: 4, temperature: 0 }],
  ],
  vllm: [
    ['tokenize', '/tokenize', { prompt: '<|endoftext|>Once upon' }],
    [
      'token ids before text that is held back, streamed',
      '/v1/completions',
      { ...GREEDY, max_tokens: 12, stop: ['nothing like this', 'e zzz'], return_token_ids: true, stream: true },
    ],
  ],
  ollama: [['show', '/api/show', {}]],
  'llama-cpp-python': [['count tokens', '/extras/tokenize/count', { input: 'Once upon a time' }]],
};

const CONTROL_PATHS = ['/v1/models', '/health', '/version', '/props', '/api/version', '/api/tags', '/'];

/** Endpoints of engines that have another shape: what the contract has is asked for there, too. */
const OWN_DIALECTS: Partial<Record<Engine, Dialect>> = { ollama: ollamaDialect };

/**
 * Every request, in order. What may crash an engine comes last.
 *
 * @param basePath what stands before `/completions`: `/v1`.
 */
export function requestsToRecord(engine: Engine, model: string, basePath: string): RequestToRecord[] {
  const path = `${basePath}/completions`;
  const post = (name: string, body: Fields, at = path): RequestToRecord => ({
    name,
    method: 'POST',
    path: at,
    body: JSON.stringify({ model, ...body }),
  });
  const streamed = (name: string, body: Fields): RequestToRecord =>
    post(`${name}, streamed`, { ...body, stream: true });
  const inBothWays = (bodies: Record<string, Fields>): RequestToRecord[] =>
    Object.entries(bodies).flatMap(([name, body]) => [post(name, body), streamed(name, body)]);
  const long = { ...GREEDY, max_tokens: 16, ignore_eos: true };
  return [
    ...CONTROL_PATHS.map((at): RequestToRecord => ({ name: `GET ${at}`, method: 'GET', path: at })),
    ...inBothWays(CONTRACT),
    streamed('with usage', { ...GREEDY, stream_options: { include_usage: true } }),
    streamed('with continuous usage', {
      ...GREEDY,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    }),
    post('usage options without a stream', { ...GREEDY, stream_options: { include_usage: true } }),
    post('an unknown model', { ...GREEDY, model: 'no-such-model' }),
    streamed('an unknown model', { ...GREEDY, model: 'no-such-model' }),
    post('an empty model', { ...GREEDY, model: '' }),
    { name: 'no JSON', method: 'POST', path, body: '{"model":' },
    { name: 'a list', method: 'POST', path, body: '[]' },
    ...Object.entries(BEYOND).map(([name, body]) => post(name, body)),
    ...[...STREAMED_BEYOND].map((name) => streamed(name, BEYOND[name] ?? {})),
    ...(OWN_ENDPOINTS[engine] ?? []).map(([name, at, body]) => post(name, body, at)),
    ...inOwnDialect(OWN_DIALECTS[engine], model),
    { ...streamed('a hang-up', long), hangUpAfter: 1 },
    streamed('the first of two at once', long),
    { ...streamed('the second of two at once', long), isConcurrent: true },
    post('an invalid grammar', { ...GREEDY, grammar: 'root ::= (' }),
    post('plain, after an invalid grammar', GREEDY),
  ];
}

/** The bodies that the gateway sends there for what the contract has. */
function inOwnDialect(dialect: Dialect | undefined, model: string): RequestToRecord[] {
  if (!dialect) return [];
  const { path, write } = dialect;
  const unknown = { 'an unknown model': { ...GREEDY, model: 'no-such-model' }, 'with usage': GREEDY };
  return Object.entries({ ...CONTRACT, ...BEYOND, ...unknown }).flatMap(([name, body]) =>
    [false, true].map((stream): RequestToRecord => {
      const sent = write({ model, ...body, stream });
      return {
        name: `${path}: ${name}${stream ? ', streamed' : ''}`,
        method: 'POST',
        path,
        body: JSON.stringify(sent),
      };
    }),
  );
}
