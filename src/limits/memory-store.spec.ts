import { beforeEach, describe, expect, it } from '@jest/globals';
import { runSchedule } from '../../test/support/limit-model.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { seededRandom } from '../../test/support/seeded-random.js';
import type { Claim, LimitKind } from './limit-rule.js';
import { LEASE_MS } from './limit-store.js';
import { MemoryStore } from './memory-store.js';

const SCHEDULES = 10_000;

function claim(kind: LimitKind, limit: number, amount = 1): Claim {
  return { key: kind, kind, limit, amount };
}

describe('the limits in memory', () => {
  let clock: ManualClock;
  let store: MemoryStore;
  let lease: number;

  beforeEach(() => {
    clock = new ManualClock();
    store = new MemoryStore(clock);
    lease = 0;
  });

  function reserve(...claims: Claim[]): boolean {
    return store.reserve({ lease: `lease ${++lease}`, claims }).isGranted;
  }

  it(`judge as a plain model of them does, in ${SCHEDULES} random schedules`, async () => {
    const counts = { granted: 0, refused: 0 };
    for (let schedule = 0; schedule < SCHEDULES; schedule++) {
      const { store: judged, model } = await runSchedule(
        store,
        seededRandom(schedule),
        String(schedule),
        () => clock.now(),
        (milliseconds) => clock.advance(milliseconds),
      );
      if (String(judged) !== String(model)) expect({ schedule, judged }).toEqual({ schedule, judged: model });
      for (const isGranted of judged) counts[isGranted ? 'granted' : 'refused']++;
    }
    expect(counts.granted).toBeGreaterThan(SCHEDULES);
    expect(counts.refused).toBeGreaterThan(SCHEDULES);
  });

  it('let a minute’s worth pass at once, and then one each time that it has come back', () => {
    const perMinute = claim('requests', 60);
    expect(Array.from({ length: 61 }, () => reserve(perMinute))).toEqual([...Array<boolean>(60).fill(true), false]);
    clock.advance(999);
    expect(reserve(perMinute)).toBe(false);
    clock.advance(1);
    expect([reserve(perMinute), reserve(perMinute)]).toEqual([true, false]);
  });

  it('take nothing of any limit where one of them refuses', () => {
    const requests = claim('requests', 2);
    expect(reserve(requests, claim('tokens', 10, 11))).toBe(false);
    expect([reserve(requests), reserve(requests), reserve(requests)]).toEqual([true, true, false]);
  });

  it('free what a crashed holder had when its lease is not renewed', () => {
    const one = claim('concurrency', 1);
    expect([reserve(one), reserve(one)]).toEqual([true, false]);
    clock.advance(LEASE_MS - 1);
    expect(reserve(one)).toBe(false);
    store.renew([{ lease: 'lease 1', claims: [one] }]);
    clock.advance(LEASE_MS - 1);
    expect(reserve(one)).toBe(false);
    clock.advance(1);
    expect(reserve(one)).toBe(true);
  });

  it('charge what was used beyond a reservation as a debt', () => {
    const tokens = claim('tokens', 60, 10);
    expect(reserve(tokens)).toBe(true);
    store.settle({ lease: 'lease 1', claims: [{ ...tokens, amount: 110 }] });
    clock.advance(60_000);
    expect(reserve({ ...tokens, amount: 1 })).toBe(false);
    clock.advance(1_000);
    expect(reserve({ ...tokens, amount: 1 })).toBe(true);
  });

  it('forget what has filled up again', () => {
    for (let key = 0; key < 1000; key++) reserve({ ...claim('requests', 60), key: String(key) });
    expect(store.size).toBe(1000);
    clock.advance(61_000);
    reserve(claim('requests', 60));
    expect(store.size).toBe(1);
  });
});
