import { describe, expect, it, jest } from '@jest/globals';
import { UpstreamConfig } from '../../config/config.js';
import type { Candidate } from '../../routing/candidate.js';
import { systemClock } from '../../common/clock.js';
import { HttpUpstream } from '../../upstreams/http-upstream.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { ENGINES } from '../../engines/engine-names.js';
import { Extras } from './extras.js';
import { planRequest } from './plan.js';
import { featuresIn, judge, type Verdict } from './verdict.js';

function candidate(options: Partial<UpstreamConfig>): Candidate {
  const config = Object.assign(new UpstreamConfig(), { name: 'a', baseUrl: 'http://127.0.0.1:1/v1' }, options);
  return { upstream: new HttpUpstream(config, systemClock), upstreamModel: 'own-name' };
}

const asked = (fields: Partial<CreateCompletionDto>): CreateCompletionDto => ({ model: 'm', prompt: 'Hi', ...fields });

function verdictOn(fields: Partial<CreateCompletionDto>, options: Partial<UpstreamConfig>): Verdict {
  const body = asked(fields);
  return judge(body, featuresIn(body), candidate(options));
}

/** The bodies that are sent, and where. */
function sentFor(fields: Partial<CreateCompletionDto>, options: Partial<UpstreamConfig>): [string, object][] {
  return planRequest(asked(fields), candidate(options)).parts.map(({ dialect, writeBody }) => [
    dialect.path,
    JSON.parse(writeBody('')) as object,
  ]);
}

const LLAMA = { engine: 'llama.cpp' } as const;
const LLAMA_DEFAULTS = { temperature: 1, top_p: 1, top_k: 0, min_p: 0 };
const base = { model: 'own-name', prompt: 'Hi' };

describe('the verdict of a candidate', () => {
  it.each<[string, Partial<CreateCompletionDto>, Partial<UpstreamConfig>, Verdict]>([
    ['native when all is supported', { n: 3, best_of: 5, echo: true, logprobs: 0 }, {}, { isEmulated: false }],
    ['emulated', { n: 3 }, LLAMA, { isEmulated: true }],
    ['native where the emulation costs nothing', { logprobs: 1, top_p: 1 }, LLAMA, { isEmulated: false }],
    ['native where best_of ranks nothing', { best_of: 2, n: 2 }, { engine: 'vllm' }, { isEmulated: false }],
    ['as configured', { n: 3 }, { ...LLAMA, capabilities: { n: 'native' } }, { isEmulated: false }],
  ])('is %s', (_, fields, options, expected) => {
    expect(verdictOn(fields, options)).toEqual(expected);
  });

  it.each<[string, Partial<CreateCompletionDto>, Partial<UpstreamConfig>]>([
    ['logit_bias', { logit_bias: { '5': 1 } }, { engine: 'ollama' }],
    ['best_of', { best_of: 2 }, { engine: 'tgi' }],
    ['best_of', { best_of: 2 }, { ...LLAMA, capabilities: { n: 'refuse' } }],
    ['echo', { echo: true, logprobs: 1, prompt: [[1, 2]] }, LLAMA],
    ['echo', { echo: true, prompt: [1, 2] }, LLAMA],
    ['echo', { echo: true, prompt: [1, 2], best_of: 2 }, { engine: 'vllm' }],
    ['max_tokens', { echo: true, max_tokens: 0, prompt: [1, 2] }, { engine: 'sglang' }],
    ['suffix', { suffix: 'x' }, { engine: 'vllm' }],
    ['suffix', { suffix: 'x' }, { engine: 'vllm', fimTemplates: { other: '{prefix}{suffix}' } }],
    ['suffix', { suffix: 'x', echo: true, logprobs: 1 }, { engine: 'vllm', fimTemplates: { '*': '{prefix}{suffix}' } }],
    ['suffix', { suffix: 'x' }, { ...LLAMA, api: 'chat' }],
    ['prompt', { prompt: [5] }, { api: 'chat' }],
    [
      'stream_options',
      { stream: true, stream_options: { include_usage: true } },
      { capabilities: { stream_usage: 'emulate' } },
    ],
  ])('is a refusal that names %s', (param, fields, options) => {
    expect(verdictOn(fields, options).refusal?.param).toBe(param);
  });
});

const VLLM_DEFAULTS = { temperature: 1, top_p: 1, top_k: 0, min_p: 0, repetition_penalty: 1 };
const USAGE = { include_usage: true };

describe('a no-op value of an extra field', () => {
  const silent = {
    ...{ top_k: -1, min_p: 0, repetition_penalty: 1, min_tokens: 0, ignore_eos: false, stop_token_ids: [] },
    ...{ skip_special_tokens: true, include_stop_str_in_output: false, add_special_tokens: true, metadata: null },
    ...{ return_token_ids: false, no_stop_trim: false, return_hidden_states: false },
    stream: true,
    stream_options: { include_usage: true, continuous_usage_stats: false },
  } as Partial<CreateCompletionDto>;

  it.each(ENGINES)('is refused by no engine, and sent to those that know the field: %s', (engine) => {
    const each = candidate({ engine });
    expect(new Extras(asked(silent)).areAcceptedBy(each.upstream)).toBe(true);
    const [[, sent] = []] = sentFor(silent, { engine });
    const { knownFields } = each.upstream.profile;
    const { stream_options: options, ...others } = sent as Record<string, unknown>;
    const isSetHere = (name: string): boolean => name in (each.upstream.profile.samplingDefaults ?? {});
    for (const name of Object.keys(silent).filter((name) => name !== 'stream' && name !== 'stream_options')) {
      if (isSetHere(name)) continue;
      expect([name, name in others]).toEqual([name, Object.hasOwn(knownFields, name)]);
    }
    const isKnown = Object.hasOwn(knownFields, 'stream_options.continuous_usage_stats');
    expect(Object.hasOwn(options ?? {}, 'continuous_usage_stats')).toBe(isKnown);
  });

  it('is sent where every field is', () => {
    const [[, sent] = []] = sentFor(silent, { extraParameters: 'forward' });
    expect(sent).toMatchObject({ top_k: -1, ignore_eos: false, stop_token_ids: [] });
  });
});

describe('what is sent', () => {
  it("sets the defaults where the engine's differ", () => {
    expect(sentFor({}, LLAMA)).toEqual([
      ['/completions', { ...base, ...LLAMA_DEFAULTS, max_tokens: 16, stream: true, stream_options: USAGE }],
    ]);
    expect(sentFor({ top_p: 1, stop: 'x', temperature: 0 }, { engine: 'tgi' })).toEqual([
      ['/completions', { ...base, temperature: 0, stop: ['x'], max_tokens: 16 }],
    ]);
  });

  it('has only the stop texts that the engine accepts, when the gateway looks for them', () => {
    const stop = ['1', '2', '3', '4'];
    const capabilities = { stop: 'emulate' } as const;
    const [[, tgi] = []] = sentFor({ stop }, { engine: 'tgi' });
    expect(tgi).toMatchObject({ stop });
    expect(sentFor({ stop, max_tokens: 1 }, { capabilities })).toEqual([['/completions', { ...base, max_tokens: 1 }]]);
  });

  it('is the list of prompts, or a request for each where the engine takes no list', () => {
    const prompt = ['a', 'b'];
    expect(sentFor({ prompt, max_tokens: 1, n: 2 }, {})).toEqual([
      ['/completions', { ...base, prompt, max_tokens: 1, n: 2 }],
    ]);
    const parts = planRequest(asked({ prompt, n: 2, seed: 7 }), candidate(LLAMA)).parts;
    expect(parts.map(({ firstChoice, choiceCount, promptIndex }) => [firstChoice, choiceCount, promptIndex])).toEqual([
      [0, 1, 0],
      [1, 1, 0],
      [2, 1, 1],
      [3, 1, 1],
    ]);
    expect(parts.map(({ writeBody }) => JSON.parse(writeBody('')) as object)).toMatchObject([
      { prompt: 'a', seed: 7 },
      { prompt: 'a', seed: 8 },
      { prompt: 'b', seed: 7 },
      { prompt: 'b', seed: 8 },
    ]);
    const seedsOf = (seed: NonNullable<CreateCompletionDto['seed']>): string[] =>
      planRequest(asked({ prompt: 'a', n: 3, seed }), candidate(LLAMA)).parts.map(
        ({ writeBody }) => /"seed":(-?\d+)/.exec(writeBody(''))?.[1] ?? '',
      );
    expect(seedsOf(Number.MAX_SAFE_INTEGER)).toEqual(['9007199254740991', '9007199254740992', '9007199254740993']);
    expect(seedsOf(JSON.rawJSON('-9223372036854775808'))).toEqual([
      '-9223372036854775808',
      '-9223372036854775807',
      '-9223372036854775806',
    ]);
    // The largest of 64 bits has none after it.
    expect(seedsOf(JSON.rawJSON('9223372036854775806'))).toEqual([
      '9223372036854775806',
      '9223372036854775807',
      '9223372036854775804',
    ]);
    const [[, only] = []] = sentFor({ prompt: ['a'] }, LLAMA);
    expect(only).toMatchObject({ prompt: 'a' });
  });

  it("is serialized once, except for a part's own fields", () => {
    const user = 'u'.repeat(1_000);
    const prompts = ['a', 'b', 'c'];
    const fields = { prompt: prompts, n: 2, seed: 1, suffix: 's', user };
    const options = [
      LLAMA,
      { engine: 'vllm', capabilities: { n: 'emulate' }, fimTemplates: { m: '{prefix}{suffix}' } },
    ];
    for (const each of options as Partial<UpstreamConfig>[]) {
      const { parts } = planRequest(asked(fields), candidate(each));
      const stringified = jest.spyOn(JSON, 'stringify');
      const bodies = parts.map(({ writeBody }) => writeBody(''));
      const results = stringified.mock.results.map(({ value }) => String(value));
      stringified.mockRestore();
      expect(bodies.every((body) => body.includes(user))).toBe(true);
      expect(results.filter((json) => json.includes(user))).toHaveLength(1);
    }
  });

  it('has all choices to rank in one request where n is native', () => {
    const [[, sent] = [], ...others] = sentFor({ best_of: 3, max_tokens: 1 }, { engine: 'vllm' });
    expect(others).toEqual([]);
    expect(sent).toEqual({ ...base, ...VLLM_DEFAULTS, max_tokens: 1, n: 3, logprobs: 0 });
  });

  it("fills in by the requested model's template, else at llama.cpp's /infill", () => {
    const fimTemplates = { 'm*': '<P>{prefix}<S>{suffix}<M>' };
    const fields = { prompt: 'a$&', suffix: '{prefix}', max_tokens: 1, temperature: 0, top_p: 0.5 };
    const template = sentFor(fields, { engine: 'vllm', fimTemplates });
    expect(template).toEqual([
      [
        '/completions',
        {
          ...VLLM_DEFAULTS,
          model: 'own-name',
          max_tokens: 1,
          temperature: 0,
          top_p: 0.5,
          prompt: '<P>a$&<S>{prefix}<M>',
        },
      ],
    ]);
    const [[path, sent] = []] = sentFor({ ...fields, stop: '.', stream: true }, LLAMA);
    expect(path).toBe('/infill');
    expect(sent).toMatchObject({
      input_prefix: 'a$&',
      input_suffix: '{prefix}',
      n_predict: 1,
      stop: ['.'],
      stream: true,
    });
    expect(sent).not.toHaveProperty('prompt');
  });

  it('is one request for choices that depend on one another', () => {
    const greedy = { n: 2, temperature: 0, max_tokens: 1, top_p: 1 };
    const split = sentFor(greedy, { engine: 'vllm' });
    expect(split).toHaveLength(2);
    const beams = { ...greedy, use_beam_search: true };
    const [whole, ...others] = sentFor(beams, { engine: 'vllm' });
    expect(others).toEqual([]);
    expect(whole?.[1]).toMatchObject({ n: 2, use_beam_search: true });
    const none = { ...greedy, use_beam_search: false };
    expect(sentFor(none, { engine: 'vllm' })).toHaveLength(2);
  });

  it('nests its options, and turns the template off, at Ollama’s own endpoint', () => {
    const format = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'boolean' } } };
    const fields = { max_tokens: 5, top_p: 0, logprobs: 2, stop: '.', top_k: 3, response_format: format, user: 'u' };
    expect(sentFor({ ...fields, temperature: 0.5 }, { engine: 'ollama' })).toEqual([
      [
        '/api/generate',
        {
          ...base,
          ...{ raw: true, stream: false, think: false, truncate: false, shift: false },
          ...{ logprobs: true, top_logprobs: 2, format: { type: 'boolean' } },
          options: {
            ...{ num_predict: 5, temperature: 0.5, top_p: 0, top_k: 3, min_p: 0, typical_p: 1, stop: ['.'] },
            ...{ repeat_penalty: 1, presence_penalty: 0, frequency_penalty: 0 },
          },
        },
      ],
    ]);
    const own = { max_tokens: 5, keep_alive: '1h', options: { num_ctx: 64, num_predict: 9 } };
    const [[, sent] = []] = sentFor(own, { engine: 'ollama', extraParameters: 'forward' });
    expect(sent).toMatchObject({ keep_alive: '1h', options: { num_ctx: 64, num_predict: 5 } });
    const parts = sentFor({ prompt: ['a', 'b'], n: 2, seed: 7, suffix: 'z' }, { engine: 'ollama' });
    expect(parts.map(([, sent]) => sent)).toMatchObject([
      { prompt: 'a', suffix: 'z', raw: false, options: { seed: 7, num_predict: 16, stop: [] } },
      { prompt: 'a', options: { seed: 8, num_predict: 16 } },
      { prompt: 'b', options: { seed: 7 } },
      { prompt: 'b', options: { seed: 8 } },
    ]);
  });

  it("is a user's message for a server that only chats", () => {
    expect(sentFor({ prompt: ['a'], logprobs: 2, max_tokens: 5, temperature: 1, top_p: 1 }, { api: 'chat' })).toEqual([
      [
        '/chat/completions',
        {
          model: 'own-name',
          messages: [{ role: 'user', content: 'a' }],
          logprobs: true,
          top_logprobs: 2,
          max_tokens: 5,
          temperature: 1,
          top_p: 1,
        },
      ],
    ]);
  });
});
