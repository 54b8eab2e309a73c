import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readSettings } from './settings.js';

describe('readSettings', () => {
  it('has defaults for everything, and finds the model that is shipped', () => {
    const settings = readSettings([], {});
    expect(settings).toMatchObject({ port: 0, parallelRequests: 8, maxContextSize: 4096, token: undefined });
    expect(existsSync(settings.modelPath)).toBe(true);
  });

  it('prefers the command line to the environment', () => {
    const environment = { PORT: '1', EMBEDDED_MODEL: 'a.gguf', ENGINE_PARALLEL: '3' };
    expect(readSettings(['--port', '2', '--model', 'b.gguf'], environment)).toMatchObject({
      port: 2,
      modelPath: 'b.gguf',
      parallelRequests: 3,
    });
  });

  it('takes an empty variable as not set', () => {
    expect(readSettings([], { PORT: '', EMBEDDED_MODEL: '' }).port).toBe(0);
  });

  it.each([
    ['PORT', '70000'],
    ['PORT', 'http'],
    ['ENGINE_PARALLEL', '0'],
    ['ENGINE_CONTEXT', '1.5'],
  ])('says what is wrong with %s=%s', (name, value) => {
    expect(() => readSettings([], { [name]: value })).toThrow(name);
  });
});
