import { describe, expect, it } from '@jest/globals';
import { Cancellation } from './cancellation.js';

describe('Cancellation', () => {
  const reason = new Error('not wanted');

  it('tells every listener why, once', () => {
    const cancellation = new Cancellation();
    const told: unknown[] = [];
    cancellation.add({ onCancel: (why) => told.push(['first', why]) });
    cancellation.add({ onCancel: (why) => told.push(['second', why]) });
    cancellation.throwIfCancelled();
    cancellation.cancel(reason);
    cancellation.cancel(new Error('again'));
    expect(told).toEqual([
      ['first', reason],
      ['second', reason],
    ]);
    expect(cancellation.reason).toBe(reason);
    expect(() => cancellation.throwIfCancelled()).toThrow(reason);
  });

  it('tells one that comes late at once, and one that left nothing', () => {
    const cancellation = new Cancellation();
    const told: string[] = [];
    const left = { onCancel: () => told.push('left') };
    cancellation.add(left);
    cancellation.delete(left);
    cancellation.cancel(reason);
    cancellation.add({ onCancel: () => told.push('late') });
    expect(told).toEqual(['late']);
  });

  it('tells the others when a listener leaves while it is told', () => {
    const cancellation = new Cancellation();
    const told: number[] = [];
    const listeners = [1, 2, 3].map((number) => ({
      onCancel(): void {
        told.push(number);
        cancellation.delete(this);
      },
    }));
    for (const listener of listeners) cancellation.add(listener);
    cancellation.cancel(reason);
    expect(told).toEqual([1, 2, 3]);
  });
});
