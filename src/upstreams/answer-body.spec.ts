import { describe, expect, it } from '@jest/globals';
import { PushedBody, type Sender } from './answer-body.js';
import { readAll } from './read-all.js';

const ignore = (): void => undefined;
const SENDER: Sender = { pause: ignore, resume: ignore, onWait: ignore, onLeave: ignore };

describe('a body that is pushed', () => {
  it('hands over what came while nobody read as one piece', async () => {
    const body = new PushedBody(SENDER);
    for (let count = 0; count < 50_000; count++) body.push(Buffer.from('x'));
    body.end();
    const sizes: number[] = [];
    await body.readEach((piece) => void sizes.push(piece.length));
    expect(sizes).toEqual([50_000]);
  });

  it('keeps a single piece as it came', async () => {
    const body = new PushedBody(SENDER);
    const piece = Buffer.from('whole');
    body.push(piece);
    body.end();
    const taken: Buffer[] = [];
    await body.readEach((each) => void taken.push(each));
    expect(taken[0]?.buffer).toBe(piece.buffer);
  });

  it('pauses its sender once, when too much is unread, and resumes it when that is taken', async () => {
    const calls: string[] = [];
    const body = new PushedBody({ ...SENDER, pause: () => calls.push('pause'), resume: () => calls.push('resume') });
    for (let count = 0; count < 70_000; count++) body.push(Buffer.from('x'));
    expect(calls).toEqual(['pause']);
    const reading = readAll(body);
    expect(calls).toEqual(['pause', 'resume']);
    body.push(Buffer.from('é').subarray(0, 1));
    body.push(Buffer.from('é').subarray(1));
    body.end();
    expect(await reading).toBe(`${'x'.repeat(70_000)}é`);
  });
});
