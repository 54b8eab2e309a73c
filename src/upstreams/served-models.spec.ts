import { describe, expect, it } from '@jest/globals';
import type { UpstreamConfig } from '../config/config.js';
import { ServedModels } from './served-models.js';

function served(
  models?: UpstreamConfig['models'],
  discover = false,
  engine: UpstreamConfig['engine'] = 'openai',
): ServedModels {
  return new ServedModels({ discover, engine, ...(models ? { models } : {}) });
}

describe('the models of an upstream', () => {
  it.each<[UpstreamConfig['models'], requested: string, upstreamModel: string | undefined]>([
    [['a', 'b'], 'b', 'b'],
    [['a'], 'A', undefined],
    [{ nice: 'ugly:1b' }, 'nice', 'ugly:1b'],
    [{ nice: 'ugly:1b' }, 'ugly:1b', undefined],
    [['llama-*'], 'llama-3', 'llama-3'],
    [['llama-*'], 'my-llama-3', undefined],
    [['llama-*'], 'llama-', 'llama-'],
    [{ 'gpt-*': 'llama' }, 'gpt-4', 'llama'],
    [{ 'gpt-*': '*' }, 'gpt-4', 'gpt-4'],
    [{ '*': 'all', 'gpt-4': 'one' }, 'gpt-4', 'one'],
    [{ 'a*': 'first', 'ab*': 'second' }, 'abc', 'first'],
    [['a.c'], 'abc', undefined],
    [['a.*'], 'abc', undefined],
    [['a(*)'], 'a(1)', 'a(1)'],
    [['*'], 'two\nlines', 'two\nlines'],
    [['toString'], 'constructor', undefined],
    [undefined, 'any', undefined],
  ])('of %j: %j is %j', (models, requested, upstreamModel) => {
    expect(served(models).upstreamNameOf(requested)).toBe(upstreamModel);
  });

  it('are any when none are configured', () => {
    expect([
      served().takesAny,
      served(['a']).takesAny,
      served(['a*']).takesAny,
      served(undefined, true).takesAny,
    ]).toEqual([true, false, false, false]);
  });

  it('are what was discovered last, along with what is configured', () => {
    const models = served({ alias: 'found-1' }, true);
    expect([models.upstreamNameOf('found-1'), models.names]).toEqual([undefined, ['alias']]);
    models.setDiscovered(['found-1', 'found-2']);
    expect(models.upstreamNameOf('found-1')).toBe('found-1');
    expect(models.names).toEqual(['alias', 'found-1', 'found-2']);
    models.setDiscovered(['found-2']);
    expect([models.upstreamNameOf('found-1'), models.upstreamNameOf('found-2')]).toEqual([undefined, 'found-2']);
    expect(models.upstreamNameOf('alias')).toBe('found-1');
  });

  it('are known without the tag that Ollama lists them with', () => {
    const models = served(undefined, true, 'ollama');
    models.setDiscovered(['storyteller:latest', 'storyteller:1b']);
    expect(models.upstreamNameOf('storyteller')).toBe('storyteller:latest');
    expect(models.upstreamNameOf('storyteller:1b')).toBe('storyteller:1b');
    expect(models.lists('storyteller')).toBe(true);
    expect(models.lists('stories')).toBe(false);
    const others = served(undefined, true);
    others.setDiscovered(['storyteller:latest']);
    expect(others.upstreamNameOf('storyteller')).toBeUndefined();
  });

  it.each([
    [['storyteller'], 'storyteller:latest', 'storyteller'],
    [['storyteller:latest'], 'storyteller', 'storyteller:latest'],
    [['storyteller', 'storyteller:latest'], 'storyteller:latest', 'storyteller:latest'],
    [{ 'story*': 'storyteller' }, 'storyteller:latest', 'storyteller'],
    [['storyteller:1b'], 'storyteller', undefined],
    [['storyteller'], 'storyteller:1b', undefined],
    [['library/storyteller'], 'library/storyteller:latest', 'library/storyteller'],
  ])('of Ollama, %j configured: %s is %s', (models, requested, upstreamModel) => {
    expect(served(models, false, 'ollama').upstreamNameOf(requested)).toBe(upstreamModel);
    const named: UpstreamConfig['models'] = models;
    expect(served(named, false, 'ollama').lists(requested)).toBe(Array.isArray(models) && upstreamModel !== undefined);
  });

  it("include one to probe with, by the upstream's name, if any is known", () => {
    expect(served({ alias: 'real' }).probeModel).toBe('real');
    expect(served(['a*']).probeModel).toBeUndefined();
    const models = served(undefined, true);
    models.setDiscovered(['found']);
    expect(models.probeModel).toBe('found');
  });
});
