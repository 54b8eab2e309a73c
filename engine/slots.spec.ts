import { describe, expect, it } from '@jest/globals';
import { Slots } from './slots.js';

const never = new AbortController().signal;

/** Takes a slot until it is let go. */
function occupy(slots: Slots, signal = never): { done: Promise<number>; letGo: () => void; began: Promise<void> } {
  const began = Promise.withResolvers<undefined>();
  const end = Promise.withResolvers<undefined>();
  const done = slots.use(signal, async (slot) => {
    began.resolve(undefined);
    await end.promise;
    return slot;
  });
  return {
    done,
    began: began.promise,
    letGo: () => {
      end.resolve(undefined);
    },
  };
}

describe('Slots', () => {
  it('runs as many at a time as there are slots, the others in order', async () => {
    const slots = new Slots(2);
    const [first, second, third, fourth] = [occupy(slots), occupy(slots), occupy(slots), occupy(slots)];
    expect([slots.active, slots.queued]).toEqual([2, 2]);
    second.letGo();
    await third.began;
    expect([slots.active, slots.queued]).toEqual([2, 1]);
    third.letGo();
    await fourth.began;
    fourth.letGo();
    first.letGo();
    expect(await third.done).toBe(await second.done);
    await Promise.all([first.done, fourth.done]);
    expect([slots.active, slots.queued]).toEqual([0, 0]);
  });

  it('drops an aborted request from the queue at once', async () => {
    const slots = new Slots(1);
    const first = occupy(slots);
    const gone = new AbortController();
    const second = occupy(slots, gone.signal);
    gone.abort(new Error('gone'));
    expect(slots.queued).toBe(0);
    await expect(second.done).rejects.toThrow('gone');
    first.letGo();
    await first.done;
    expect(slots.active).toBe(0);
  });

  it('takes a slot back after a failure', async () => {
    const slots = new Slots(1);
    await expect(slots.use(never, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(slots.active).toBe(0);
  });
});
