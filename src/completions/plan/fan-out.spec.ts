import { describe, expect, it } from '@jest/globals';
import { UpstreamConfig } from '../../config/config.js';
import { ENGINES } from '../../engines/engine-names.js';
import type { Candidate } from '../../routing/candidate.js';
import { systemClock } from '../../common/clock.js';
import { HttpUpstream } from '../../upstreams/http-upstream.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { adapt } from './adaptation.js';
import { countParts, FanOut, MAX_PARTS } from './fan-out.js';
import { planRequest } from './plan.js';
import type { Refusal } from './unsupported.js';
import { featuresIn, judge } from './verdict.js';

const LIMITS = { maxFanOutBytes: 268_435_456, maxMergedAnswerBytes: 67_108_864 };
const LLAMA = { engine: 'llama.cpp' } as const;
const COUNTED = { stream: true, stream_options: { include_usage: true } };

function candidate(options: Partial<UpstreamConfig>): Candidate {
  const config = Object.assign(new UpstreamConfig(), { name: 'a', baseUrl: 'http://127.0.0.1:1/v1' }, options);
  return { upstream: new HttpUpstream(config, systemClock), upstreamModel: 'own-name' };
}

const asked = (fields: Partial<CreateCompletionDto>): CreateCompletionDto => ({ model: 'm', prompt: 'Hi', ...fields });

function refusal(
  fields: Partial<CreateCompletionDto>,
  options: Partial<UpstreamConfig> = LLAMA,
  limits = LIMITS,
): Refusal | undefined {
  return new FanOut(() => asked(fields), featuresIn(asked(fields)), limits).refusalBy(candidate(options));
}

describe('the fan-out of a request', () => {
  const bodies: Partial<CreateCompletionDto>[] = [
    {},
    { n: 3 },
    { n: 2, temperature: 0 },
    { prompt: ['a', 'b'] },
    { prompt: ['a'], n: 2 },
    { prompt: ['a', 'b'], n: 2 },
    { prompt: [1, 2] },
    { prompt: [[1], [2]], n: 2 },
    { best_of: 3 },
    { best_of: 3, n: 2, prompt: ['a', 'b'] },
    { suffix: 'x', n: 2, prompt: ['a', 'b'] },
  ];
  const upstreams: Partial<UpstreamConfig>[] = [
    ...ENGINES.map((engine) => ({ engine })),
    ...ENGINES.map((engine) => ({ engine, api: 'chat' as const })),
    { ...LLAMA, capabilities: { n: 'native', prompt_list: 'native' } },
    { engine: 'vllm', fimTemplates: { '*': '{prefix}{suffix}' } },
  ];

  it.each(bodies)('has as many parts as the plan: %j', (fields) => {
    for (const options of upstreams) {
      const each = candidate(options);
      const body = asked(fields);
      if (judge(body, featuresIn(body), each).refusal) continue;
      const { partCount } = countParts(adapt(body, each));
      expect([options, partCount]).toEqual([options, planRequest(body, each).parts.length]);
    }
  });

  it('has a limit of parts, where it is split', () => {
    const prompt = Array<string>(MAX_PARTS / 2 + 1).fill('a');
    expect(refusal({ prompt, n: 2 })?.param).toBe('prompt');
    expect(refusal({ prompt: prompt.slice(1), n: 2 })).toBeUndefined();
    expect(refusal({ prompt, n: 2 }, {})).toBeUndefined();
    expect(refusal({ prompt, suffix: 'x', n: 2 }, { ...LLAMA, capabilities: { n: 'native' } })?.param).toBe('prompt');
    expect(refusal({ prompt, best_of: 2 }, { engine: 'vllm' })).toBeUndefined();
  });

  it.each<[string, Partial<CreateCompletionDto>, Partial<UpstreamConfig>]>([
    ['n', { prompt: 'a'.repeat(10_000), n: 3 }, LLAMA],
    ['n', { prompt: 'a'.repeat(10_000), n: 3, temperature: 0 }, { engine: 'vllm' }],
    ['n', { prompt: 'a'.repeat(10_000), best_of: 3 }, LLAMA],
    ['n', { prompt: ['a'.repeat(10_000)], n: 3 }, LLAMA],
    ['prompt', { prompt: ['a', 'b', 'c'], user: 'u'.repeat(10_000) }, LLAMA],
    ['prompt', { prompt: ['a', 'b', 'ü'.repeat(15_000)], max_tokens: 1 }, LLAMA],
    ['n', { prompt: 'a'.repeat(7_000), n: 2, ...COUNTED }, { engine: 'llama-cpp-python' }],
  ])('has a limit of bytes, all parts together, and names %s', (param, fields, options) => {
    expect(refusal(fields, options, { ...LIMITS, maxFanOutBytes: 30_000 })).toMatchObject({ param });
    expect(refusal(fields, options, { ...LIMITS, maxFanOutBytes: 40_000 })).toBeUndefined();
  });

  it('has no size where the engine supports the request, and counts each prompt of a list once', () => {
    const limits = { ...LIMITS, maxFanOutBytes: 20_000 };
    expect(refusal({ prompt: 'a'.repeat(10_000), n: 128 }, {}, limits)).toBeUndefined();
    expect(refusal({ prompt: 'a'.repeat(10_000), best_of: 20 }, { engine: 'vllm' }, limits)).toBeUndefined();
    expect(refusal({ prompt: ['a'.repeat(10_000), 'b'] }, LLAMA, limits)).toBeUndefined();
  });

  it('has a limit for the echo, native or emulated', () => {
    const limits = { ...LIMITS, maxMergedAnswerBytes: 30_000 };
    const fields = { prompt: 'a'.repeat(10_000), echo: true };
    for (const options of [{}, LLAMA]) {
      expect(refusal({ ...fields, n: 3 }, options, limits)?.param).toBe('echo');
      expect(refusal({ ...fields, n: 2 }, options, limits)).toBeUndefined();
      expect(refusal({ ...fields, n: 1, best_of: 3 }, options, limits)).toBeUndefined();
    }
    expect(refusal({ ...fields, n: 1, best_of: 3, logprobs: 1 }, {}, limits)?.param).toBe('echo');
  });

  it('has a limit for the bytes of all answers, less the echo that is prepended', () => {
    const body = asked({ prompt: 'a'.repeat(98), n: 2 });
    const fanOut = new FanOut(() => body, featuresIn(body), {
      ...LIMITS,
      maxMergedAnswerBytes: 1_000,
    });
    const spend = fanOut.answerBudget(true);
    spend(500);
    spend(300);
    expect(() => spend(1)).toThrow(/1000 bytes/);
  });
});
