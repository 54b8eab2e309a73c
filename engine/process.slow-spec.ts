import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EngineProcess, forkEngine } from '../test/support/engine-process.js';

const PROGRAM = fileURLToPath(new URL('../dist/engine/main.js', import.meta.url));

describe('the engine process', () => {
  it('tells its parent where it listens, and prints nothing', async () => {
    const child = forkEngine();
    const [message] = (await once(child, 'message')) as [{ listening: number; model: string }];
    expect(message.listening).toBeGreaterThan(0);
    expect(message.model).toBe('storyteller');
    const exited = once(child, 'exit') as Promise<[number]>;
    child.kill();
    const [output, errors] = await Promise.all([
      text(child.stdout ?? Readable.from([])),
      text(child.stderr ?? Readable.from([])),
    ]);
    expect({ output, errors, exitCode: (await exited)[0] }).toEqual({ output: '', errors: '', exitCode: 0 });
  });

  it.each([
    ['a model that is not there', { EMBEDDED_MODEL: '/nowhere/model.gguf' }, /\/nowhere\/model\.gguf cannot be read/],
    ['a file that is no model', { EMBEDDED_MODEL: PROGRAM }, /./],
    ['a setting that makes no sense', { ENGINE_PARALLEL: 'many' }, /ENGINE_PARALLEL must be a whole number/],
  ])('tells its parent that it failed: %s', async (_, environment, expected) => {
    const child = forkEngine(environment);
    const exited = once(child, 'exit');
    const [message] = (await once(child, 'message')) as [{ failed: string }];
    expect(message.failed).toMatch(expected);
    expect((await exited)[0]).toBe(1);
  });

  it('prints one line when it runs alone', async () => {
    const child = spawn(process.execPath, [PROGRAM, '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    expect(line).toMatch(/^The engine serves storyteller at http:\/\/127\.0\.0\.1:\d+\/v1\/completions\n$/);
    child.kill();
    expect((await once(child, 'exit'))[0]).toBe(0);
  });

  it('lets requests in flight end on SIGTERM, then exits with 0', async () => {
    const engine = await EngineProcess.start();
    const answers = Array.from({ length: 12 }, (_, seed) =>
      engine.stream({ prompt: 'Once', max_tokens: 100, logit_bias: { '0': -100 }, seed }),
    );
    await engine.healthWhen(({ active, queued }) => active === 8 && queued === 4);
    engine.child.kill('SIGTERM');
    const [exitCode] = (await once(engine.child, 'exit')) as [number];
    expect(exitCode).toBe(0);
    for (const { raw } of await Promise.all(answers)) expect(raw.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('ends when its parent is gone', async () => {
    const child = forkEngine();
    await once(child, 'message');
    child.disconnect();
    expect((await once(child, 'exit'))[0]).toBe(0);
  });
});
