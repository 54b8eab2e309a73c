import { describe, expect, it } from '@jest/globals';
import type { Verdict } from '../../src/cli/doctor/verdict.js';
import { isTrue } from '../../src/cli/doctor/diagnosis.js';
import type { HabitName } from '../support/engines/habits.js';
import { examineFake } from './examining.js';

describe('npm run doctor, when a server has a habit beyond its profile', () => {
  it.each<[habit: HabitName, item: string, verdict: Partial<Verdict>, isProfileTrue: boolean]>([
    ['a temperature without effect', 'temperature', { is: 'deviates' }, false],
    ['greedy only', 'temperature', { is: 'ignored' }, false],
    ['a suffix behind the text', 'suffix', { is: 'deviates' }, false],
    ['several tokens a chunk', 'tokens per chunk', { is: 'deviates', note: '16 tokens come in 4 chunks' }, true],
    ['long prompts cut in silence', 'long prompt', { is: 'deviates' }, false],
    ['long prompts refused', 'long prompt', { is: 'honoured' }, true],
    ['two likeliest tokens at most', 'logprobs', { is: 'deviates' }, false],
    ['one stream at a time', 'two streams at once', { is: 'deviates', note: 'one of them ends the other' }, false],
    ['slots that end with the connection', 'hang-up of a whole answer', { is: 'honoured' }, true],
    ['slots that go on after it', 'hang-up of a whole answer', { is: 'ignored' }, true],
  ])('finds %s', async (habit, item, verdict, isProfileTrue) => {
    const { findings, diagnosis } = await examineFake('openai', { habit, upstream: { engine: 'openai' } });
    expect(findings.get(item)).toMatchObject(verdict);
    expect(isTrue(diagnosis)).toBe(isProfileTrue);
  });

  it('reports no fault for one stream at a time where `maxConcurrency` is 1', async () => {
    const upstream = { engine: 'openai', maxConcurrency: 1 } as const;
    const { findings, diagnosis } = await examineFake('openai', { habit: 'one stream at a time', upstream });
    expect(findings.get('two streams at once')).toMatchObject({ is: 'deviates' });
    expect(diagnosis.faults).toEqual([]);
  });

  it('reports no fault for a sampling default that the gateway overrides', async () => {
    const { findings, diagnosis } = await examineFake('openai', {
      habit: 'a temperature without effect',
      upstream: { engine: 'vllm' },
    });
    expect(findings.get('temperature')).toMatchObject({ is: 'deviates' });
    expect(findings.get('seed')).toMatchObject({ is: 'honoured' });
    expect(diagnosis.faults).toEqual([]);
  });
});
