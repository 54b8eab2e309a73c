import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.js';
import { IdleTimer } from './idle-timer.js';

describe('IdleTimer', () => {
  function start(): { clock: ManualClock; timer: IdleTimer; idled: () => number } {
    const clock = new ManualClock();
    let count = 0;
    const timer = new IdleTimer(clock, 100, () => count++);
    return { clock, timer, idled: () => count };
  }

  it('calls after the whole while, and again after each further one', () => {
    const { clock, idled } = start();
    clock.advance(99);
    expect(idled()).toBe(0);
    clock.advance(1);
    expect(idled()).toBe(1);
    clock.advance(100);
    expect(idled()).toBe(2);
  });

  it('counts the while from what was heard last', () => {
    const { clock, timer, idled } = start();
    clock.advance(60);
    timer.heard();
    clock.advance(99);
    expect(idled()).toBe(0);
    clock.advance(1);
    expect(idled()).toBe(1);
  });

  it('sets no timer for what is heard', () => {
    const { clock, timer } = start();
    for (let count = 0; count < 50; count++) {
      clock.advance(1);
      timer.heard();
    }
    expect(clock.pendingCount).toBe(1);
  });

  it('is silent once it was cancelled, also from within the call', () => {
    const clock = new ManualClock();
    let count = 0;
    const timer: IdleTimer = new IdleTimer(clock, 100, () => {
      count++;
      timer.cancel();
    });
    clock.advance(1_000);
    expect(count).toBe(1);
    expect(clock.pendingCount).toBe(0);
  });
});
