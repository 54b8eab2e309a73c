import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.js';
import { ApiError } from '../errors/api-error.js';
import { Cancellation } from '../common/cancellation.js';
import { WaitingRoom } from './waiting-room.js';

const QUEUE_TIMEOUT_MS = 1_000;
const MAX_QUEUE = 3;

describe('the waiting room', () => {
  let clock: ManualClock;
  let room: WaitingRoom;
  let places: string[];

  beforeEach(() => {
    clock = new ManualClock();
    room = new WaitingRoom({ maxQueue: MAX_QUEUE, queueTimeoutMs: QUEUE_TIMEOUT_MS }, clock);
    places = [];
  });

  const stay = new Cancellation();
  const enter = (cancellation = stay): Promise<string> => room.enter(() => places.shift(), cancellation);
  const busy = expect.objectContaining({
    status: 503,
    code: 'no_upstream_available',
    headers: { 'Retry-After': '1' },
  }) as unknown;

  it('lets in first who came first, and as many as there are places', async () => {
    const waiting = [enter(), enter(), enter()];
    places.push('one', 'two');
    room.letIn();
    expect(await Promise.all(waiting.slice(0, 2))).toEqual(['one', 'two']);
    expect(room.size).toBe(1);
    places.push('three');
    room.letIn();
    expect(await waiting[2]).toBe('three');
    expect([room.size, clock.pendingCount]).toEqual([0, 0]);
  });

  it('looks by itself for a place that nobody tells of', async () => {
    const waiting = enter();
    places.push('one');
    clock.advance(250);
    expect(await waiting).toBe('one');
    expect(clock.pendingCount).toBe(0);
  });

  it('lets in whom it suits when the place does not suit the first', async () => {
    let isForTheFirst = false;
    const first = room.enter(() => (isForTheFirst ? 'late' : undefined), stay);
    const second = enter();
    places.push('one');
    room.letIn();
    expect(await second).toBe('one');
    isForTheFirst = true;
    room.letIn();
    expect(await first).toBe('late');
  });

  it('sends away with 503 and Retry-After who finds it full', async () => {
    const waiting = [enter(), enter(), enter()];
    await expect(enter()).rejects.toEqual(busy);
    places.push('one', 'two', 'three');
    room.letIn();
    expect(await Promise.all(waiting)).toEqual(['one', 'two', 'three']);
  });

  it('sends away with 503 and Retry-After who has waited for too long', async () => {
    const first = enter();
    clock.advance(400);
    const second = enter();
    clock.advance(600);
    await expect(first).rejects.toEqual(busy);
    expect(room.size).toBe(1);
    places.push('one');
    room.letIn();
    expect(await second).toBe('one');
  });

  it('forgets who goes, and gives their place to the next', async () => {
    const caller = new Cancellation();
    const first = enter(caller);
    const second = enter();
    caller.cancel(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    places.push('one');
    room.letIn();
    expect(await second).toBe('one');
    expect([room.size, clock.pendingCount]).toEqual([0, 0]);
  });

  it('tells the one who cannot get a place any more, and goes on with the next', async () => {
    const hopeless = new ApiError(429, 'rate_limit_exceeded', 'All rest.');
    let isHopeless = false;
    const first = room.enter(() => {
      if (isHopeless) throw hopeless;
      return undefined;
    }, stay);
    const second = enter();
    isHopeless = true;
    places.push('one');
    room.letIn();
    await expect(first).rejects.toBe(hopeless);
    expect(await second).toBe('one');
    expect(clock.pendingCount).toBe(0);
  });
});
