import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.js';
import { HealthConfig } from '../config/config.js';
import { UpstreamState } from './upstream-state.js';

const health = Object.assign(new HealthConfig(), { ejectAfterFailures: 3, ejectMs: 1_000, maxEjectMs: 5_000 });

describe("an upstream's state", () => {
  let clock: ManualClock;
  let state: UpstreamState;

  beforeEach(() => {
    clock = new ManualClock();
    state = new UpstreamState({ maxConcurrency: 2, health }, clock);
  });

  function fail(times = 1): void {
    for (let i = 0; i < times; i++) {
      const slot = state.take('m');
      state.failed(slot);
      state.release(slot);
    }
  }

  function succeed(): void {
    const slot = state.take('m');
    state.succeeded(slot);
    state.release(slot);
  }

  it('is healthy, and available until it is full', () => {
    expect([state.condition, state.isHealthy, state.isFull, state.isAvailable]).toEqual(['healthy', true, false, true]);
    const slot = state.take('m');
    state.take('m');
    expect([state.inFlightCount, state.isHealthy, state.isFull, state.isAvailable]).toEqual([2, true, true, false]);
    state.release(slot);
    expect([state.inFlightCount, state.isFull, state.isAvailable]).toEqual([1, false, true]);
  });

  it('is never full without a limit', () => {
    const limitless = new UpstreamState({ health }, clock);
    for (let i = 0; i < 10_000; i++) limitless.take('m');
    expect(limitless.isAvailable).toBe(true);
  });

  it('is ejected by failures in a row, which a success interrupts', () => {
    fail(2);
    succeed();
    fail(2);
    expect(state.condition).toBe('healthy');
    fail();
    expect([state.condition, state.isAvailable]).toEqual(['ejected', false]);
  });

  it('is tried by one request when the ejection is over, and by no other meanwhile', () => {
    fail(3);
    clock.advance(999);
    expect(state.isAvailable).toBe(false);
    clock.advance(1);
    expect(state.isAvailable).toBe(true);
    const trial = state.take('m');
    expect([state.condition, state.isAvailable]).toEqual(['half_open', false]);
    state.succeeded(trial);
    expect([state.condition, state.isAvailable]).toEqual(['healthy', true]);
  });

  it('is ejected for twice as long by each failed trial, up to the limit', () => {
    fail(3);
    for (const ejectMs of [1_000, 2_000, 4_000, 5_000, 5_000]) {
      clock.advance(ejectMs - 1);
      expect(state.isHealthy).toBe(false);
      clock.advance(1);
      expect(state.isHealthy).toBe(true);
      fail();
      expect(state.condition).toBe('ejected');
    }
  });

  it('begins with the shortest ejection again after a success', () => {
    fail(3);
    clock.advance(1_000);
    fail();
    clock.advance(2_000);
    succeed();
    fail(3);
    clock.advance(1_000);
    expect(state.isHealthy).toBe(true);
  });

  it('does not count the failures of requests that were under way when it was ejected', () => {
    const slots = Array.from({ length: 10 }, () => state.take('m'));
    for (const slot of slots) {
      state.failed(slot);
      state.release(slot);
    }
    clock.advance(1_000);
    expect(state.isHealthy).toBe(true);
    fail();
    clock.advance(2_000);
    expect(state.isHealthy).toBe(true);
  });

  it('is ejected by answers that begin well and break off, each time for longer', () => {
    const breakOff = (): void => {
      const slot = state.take('m');
      state.answered(slot);
      state.failed(slot);
      state.release(slot);
    };
    for (const ejectMs of [1_000, 2_000]) {
      for (let i = 0; i < 3; i++) breakOff();
      expect(state.condition).toBe('ejected');
      clock.advance(ejectMs - 1);
      expect(state.isHealthy).toBe(false);
      clock.advance(1);
      expect(state.isHealthy).toBe(true);
    }
  });

  it('does not take the failure of an old stream for that of the trial', () => {
    const old = state.take('m');
    fail(3);
    clock.advance(1_000);
    const trial = state.take('m');
    state.failed(old);
    state.release(old);
    expect(state.condition).toBe('half_open');
    state.succeeded(trial);
    state.release(trial);
    expect(state.condition).toBe('healthy');
  });

  it('is tried by the next request when the client of a trial disconnects', () => {
    fail(3);
    clock.advance(1_000);
    const trial = state.take('m');
    expect(state.isHealthy).toBe(false);
    state.release(trial);
    expect([state.condition, state.isHealthy]).toEqual(['ejected', true]);
    succeed();
    expect(state.condition).toBe('healthy');
  });

  it('is tried by the next request when the client of a trial disconnects while an old stream goes on', () => {
    const old = state.take('m');
    fail(3);
    clock.advance(1_000);
    const trial = state.take('m');
    state.release(trial);
    expect([state.condition, state.isHealthy]).toEqual(['ejected', true]);
    const next = state.take('m');
    state.release(old);
    expect([state.condition, state.isHealthy]).toEqual(['half_open', false]);
    state.release(next);
    expect(state.isHealthy).toBe(true);
  });

  it('is open while it is rate-limited for a model, and names the model', () => {
    const slot = state.take('busy');
    state.rateLimits.refused('busy', slot, 2_000);
    state.release(slot);
    expect([state.condition, state.isAvailable, state.rateLimits.models]).toEqual(['rate_limited', true, ['busy']]);
    clock.advance(2_000);
    expect([state.condition, state.rateLimits.models]).toEqual(['healthy', []]);
    fail(2);
    expect(state.condition).toBe('healthy');
  });

  it('is down when an active check says so, until a check or a real answer says otherwise', () => {
    state.probed(false);
    expect([state.condition, state.isAvailable]).toEqual(['down', false]);
    state.probed(true);
    expect(state.condition).toBe('healthy');
    state.probed(false);
    succeed();
    expect(state.condition).toBe('healthy');
  });

  it('stays ejected when an active check succeeds: real requests count for more', () => {
    fail(3);
    state.probed(true);
    expect(state.condition).toBe('ejected');
  });
});
