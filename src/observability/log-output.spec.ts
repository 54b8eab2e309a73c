import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { closeSync } from 'node:fs';
import { NamedPipe } from '../../test/support/named-pipe.js';
import { LogOutput } from './log-output.js';

const ALONE = { readyBytes: 16_384, maxBytes: 65_536 };
const LINE = `${'x'.repeat(99)}\n`;
/** As many of them as may wait. */
const WAITING_LINES = Math.floor(1_048_576 / LINE.length);

describe('the output of the log', () => {
  let pipe: NamedPipe;
  let writer: number;
  let output: LogOutput;
  let reports: number[];

  beforeEach(() => {
    pipe = new NamedPipe();
    pipe.openReader();
    writer = pipe.openWriter();
    output = new LogOutput(ALONE, writer);
    reports = [];
    output.onRecovery = (count) => {
      reports.push(count);
      output.write(`lost ${count}\n`);
    };
  });

  afterEach(() => {
    pipe.closeReader();
    closeSync(writer);
  });

  it('brings lines whole and in order, however long they are', async () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => `${index} ${'é'.repeat(index % 700)}`);
    const reading = pipe.readUntil((line) => line === 'end');
    for (const line of [...lines, 'end']) output.write(`${line}\n`);
    const read = await reading;
    // As a comparison: what differs would be printed whole.
    expect(read.join('\n') === [...lines, 'end'].join('\n')).toBe(true);
  });

  it('keeps 1 MiB of lines when nobody reads, counts those that are lost, and says so when somebody does', async () => {
    for (let count = 0; count < WAITING_LINES + 7; count++) output.write(LINE);
    expect(output.lostCount).toBe(7);
    const lines = await pipe.readUntil((line) => line === 'lost 7');
    expect(reports).toEqual([7]);
    expect(lines).toHaveLength(WAITING_LINES + 1);
    output.write('more\n');
    await pipe.readUntil((line) => line === 'more');
    expect(reports).toEqual([7]);
  });

  it('goes on when a pipe whose reader has gone gets another one', async () => {
    pipe.closeReader();
    for (let count = 0; count < WAITING_LINES + 5; count++) output.write(LINE);
    await new Promise((resolve) => setImmediate(resolve));
    pipe.openReader();
    await pipe.readUntil((line) => line === 'lost 5');
    expect(output.lostCount).toBe(5);
  });
});
