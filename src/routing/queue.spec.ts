import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.js';
import { Cancellation } from '../common/cancellation.js';
import { ApiError } from '../errors/api-error.js';
import { Queue } from './queue.js';

const QUEUE_TIMEOUT_MS = 1_000;
const MAX_QUEUE = 3;

describe('the queue', () => {
  let clock: ManualClock;
  let queue: Queue;
  let slots: string[];

  beforeEach(() => {
    clock = new ManualClock();
    queue = new Queue({ maxQueue: MAX_QUEUE, queueTimeoutMs: QUEUE_TIMEOUT_MS }, clock);
    slots = [];
  });

  const stay = new Cancellation();
  const take = (): string | undefined => slots.shift();
  const wait = (cancellation = stay): Promise<string> => queue.wait('m', ['u'], take, cancellation);
  const free = (...names: string[]): void => {
    for (const name of names) {
      slots.push(name);
      queue.wake('u');
    }
  };
  const busy = expect.objectContaining({
    status: 503,
    code: 'no_upstream_available',
    headers: { 'Retry-After': '1' },
  }) as unknown;

  it('serves first come first, one for each slot', async () => {
    const waiting = [wait(), wait(), wait()];
    free('one', 'two');
    expect(await Promise.all(waiting.slice(0, 2))).toEqual(['one', 'two']);
    expect(queue.length).toBe(1);
    free('three');
    expect(await waiting[2]).toBe('three');
    expect([queue.length, queue.isWaitedFor('u'), clock.pendingCount]).toEqual([0, false, 0]);
  });

  it('asks one request about a freed slot, however many wait', async () => {
    let asked = 0;
    const counted = (): string | undefined => (asked++, take());
    const waiting = Array.from({ length: MAX_QUEUE }, () => queue.wait('m', ['u'], counted, stay));
    free('one');
    expect([await waiting[0], asked]).toEqual(['one', 1]);
    queue.wake('another upstream');
    expect(asked).toBe(1);
    queue.wakeAll();
    free('two', 'three');
    await Promise.all(waiting);
  });

  it('polls for slots that become free without an event', async () => {
    const waiting = wait();
    slots.push('one');
    clock.advance(250);
    expect(await waiting).toBe('one');
    expect(clock.pendingCount).toBe(0);
  });

  it('gives a slot that the first cannot use to the next', async () => {
    let suitsFirst = false;
    const first = queue.wait('m', ['u'], () => (suitsFirst ? 'late' : undefined), stay);
    const second = wait();
    free('one');
    expect(await second).toBe('one');
    suitsFirst = true;
    queue.wake('u');
    expect(await first).toBe('late');
  });

  it('answers 503 with Retry-After when it is full', async () => {
    const waiting = [wait(), wait(), wait()];
    await expect(wait()).rejects.toEqual(busy);
    free('one', 'two', 'three');
    expect(await Promise.all(waiting)).toEqual(['one', 'two', 'three']);
  });

  it('has room for other models when that of one is full', async () => {
    const waiting = [wait(), wait(), wait()];
    const other = queue.wait('another model', ['another upstream'], take, stay);
    slots.push('other');
    queue.wake('another upstream');
    expect(await other).toBe('other');
    free('one', 'two', 'three');
    await Promise.all(waiting);
  });

  it('answers 503 with Retry-After after too long a wait', async () => {
    const first = wait();
    clock.advance(400);
    const second = wait();
    clock.advance(600);
    await expect(first).rejects.toEqual(busy);
    expect(queue.length).toBe(1);
    free('one');
    expect(await second).toBe('one');
  });

  it('forgets a client that disconnects, and goes on with the next', async () => {
    const client = new Cancellation();
    const first = wait(client);
    const second = wait();
    client.cancel(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    free('one');
    expect(await second).toBe('one');
    expect([queue.length, clock.pendingCount]).toEqual([0, 0]);
  });

  it('rejects a request that can get no slot any more, and goes on with the next', async () => {
    const hopeless = new ApiError(429, 'rate_limit_exceeded', 'All are rate-limited.');
    const first = queue.wait<string>(
      'm',
      ['u'],
      () => {
        throw hopeless;
      },
      stay,
    );
    const second = wait();
    free('one');
    await expect(first).rejects.toBe(hopeless);
    expect(await second).toBe('one');
    expect(clock.pendingCount).toBe(0);
  });
});
