import { describe, expect, it } from '@jest/globals';
import { createLogger, NestLogger } from './logger.js';

const LONG = 'x'.repeat(100_000);

/** The line that `write` makes, and its length. */
function lineOf(write: (logger: ReturnType<typeof createLogger>) => void): {
  line: Record<string, unknown>;
  length: number;
} {
  let text = '';
  write(createLogger('info', { write: (line) => (text = line) }));
  return { line: JSON.parse(text) as Record<string, unknown>, length: text.length };
}

describe('a line of the log', () => {
  it.each<[string, (logger: ReturnType<typeof createLogger>) => void]>([
    ['a text', (logger) => logger.info({ reason: LONG }, 'it')],
    ['a list of many texts', (logger) => logger.info({ problems: Array<string>(1_000).fill(LONG) }, 'it')],
    ["an error's message", (logger) => logger.error({ err: new Error(LONG) }, 'it')],
    [
      "an error's name and code",
      (logger) => logger.error({ err: Object.assign(new Error('a'), { name: LONG, code: LONG }) }, 'it'),
    ],
    ['a cause', (logger) => logger.error({ err: new Error('a', { cause: LONG }) }, 'it')],
    ['something thrown that is no error', (logger) => logger.error({ err: LONG }, 'it')],
    ["Nest's own message", (logger) => new NestLogger(logger).warn(LONG, LONG)],
  ])('has a bound, whatever its fields: %s', (_name, write) => {
    expect(lineOf(write).length).toBeLessThan(25_000);
  });

  it('has four causes of an error, and no cycle', () => {
    const error = new Error('a cycle');
    error.cause = error;
    const { line } = lineOf((logger) => logger.error({ err: error }, 'it'));
    expect(JSON.stringify(line).match(/"cause"/g)).toHaveLength(4);
  });

  it('has the place where an error was thrown, also when its message is long', () => {
    const { line } = lineOf((logger) => logger.error({ err: new Error(LONG) }, 'it'));
    expect(line).toMatchObject({ err: { stack: expect.stringContaining('logger.spec') } });
  });

  it.each([
    ['an object without a prototype', Object.create(null)],
    [
      'an error whose fields throw',
      Object.defineProperty(new Error('a'), 'cause', {
        get: () => {
          throw new Error('b');
        },
      }),
    ],
    ['undefined', undefined],
    ['a symbol', Symbol('a')],
  ])('can say of anything that it was thrown: %s', (_name, err: unknown) => {
    const { line } = lineOf((logger) => logger.error({ err, n: 1 }, 'it'));
    expect(line).toMatchObject({ level: 'error', n: 1, msg: 'it' });
  });
});
