import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../test/support/seeded-random.js';
import { SharedLimit } from './shared-limit.js';
import { SharedSlots } from './shared-slots.js';

const MAX_STEPS = 100_000;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A primary and its workers, between whom messages take their time, but keep their order. */
class Gateway {
  /** Requests that are under way upstream, by worker. */
  readonly underWay: number[];
  most = 0;
  answered = 0;
  messages = 0;
  readonly limit: SharedLimit;
  readonly workers: SharedSlots[];
  private readonly channels: (() => void)[][] = [];
  private readonly waiting: (() => void)[][] = [];
  private readonly gone = new Set<number>();

  constructor(
    workerCount: number,
    private readonly random: () => number,
  ) {
    const ids = Array.from({ length: workerCount }, (_, id) => id);
    this.underWay = ids.map(() => 0);
    this.limit = new SharedLimit(workerCount, {
      granted: (id, count) => this.toWorker(id, (worker) => worker.grant(count)),
      full: (id) => this.toWorker(id, (worker) => worker.markFull()),
      recalled: (id) => this.toWorker(id, (worker) => worker.recall()),
    });
    this.workers = ids.map((id) => {
      this.waiting[id] = [];
      const slots = new SharedSlots({
        wanted: () => this.send(workerCount + id, () => this.limit.wanted(id)),
        returned: (count) => this.send(workerCount + id, () => this.limit.returned(id, count)),
      });
      slots.onChange = () => this.wakeOne(id);
      return slots;
    });
  }

  /** What the router does for a request: takes a slot or asks for one, and waits while all are known to be taken. */
  async request(id: number): Promise<void> {
    const slots = this.workers[id];
    if (!slots) return;
    while (!slots.isFree) {
      if (slots.areFull) await new Promise<void>((resolve) => this.waiting[id]?.push(resolve));
      else await slots.ask();
    }
    slots.take();
    this.underWay[id] = (this.underWay[id] ?? 0) + 1;
    this.most = Math.max(
      this.most,
      this.underWay.reduce((sum, count) => sum + count, 0),
    );
    for (let turns = Math.floor(this.random() * 5); turns >= 0; turns--) await nextTurn();
    if (this.gone.has(id)) return;
    this.underWay[id]--;
    this.answered++;
    slots.release();
  }

  kill(id: number): void {
    this.gone.add(id);
    this.underWay[id] = 0;
    this.channels[id] = this.channels[this.workers.length + id] = [];
    this.limit.gone(id);
  }

  /** Delivers messages, in any order between channels, until everything is done. */
  async run(isDone: () => boolean): Promise<void> {
    for (let steps = 0; !isDone(); steps++) {
      if (steps > MAX_STEPS) throw new Error(`not done after ${MAX_STEPS} steps: some request waits for ever`);
      const full = this.channels.filter((channel) => channel.length > 0);
      full[Math.floor(this.random() * full.length)]?.shift()?.();
      // Often several messages come at once.
      if (full.length === 0 || this.random() < 0.4) await nextTurn();
    }
  }

  /** As the router does: the one that has waited longest, and for the next one a slot is asked for. */
  private wakeOne(id: number): void {
    this.waiting[id]?.shift()?.();
    if (this.waiting[id]?.length) void this.workers[id]?.ask();
  }

  private toWorker(id: number, tell: (worker: SharedSlots) => void): void {
    const worker = this.workers[id];
    if (worker) this.send(id, () => tell(worker));
  }

  private send(channel: number, message: () => void): void {
    if (this.gone.has(channel % this.workers.length)) return;
    this.messages++;
    (this.channels[channel] ??= []).push(message);
  }
}

describe('a limit that workers share', () => {
  it.each([
    [2, 1],
    [4, 1],
    [2, 3],
    [3, 8],
    [8, 5],
  ])('is never passed by %i workers with %i slots, and every request gets one', async (workers, slots) => {
    let most = 0;
    for (let schedule = 1; schedule <= 5; schedule++) {
      const random = seededRandom(schedule);
      const gateway = new Gateway(workers, random);
      gateway.limit.setLimit(slots);
      const requests = Array.from({ length: 100 }, () => gateway.request(Math.floor(random() * workers)));
      await gateway.run(() => gateway.answered === requests.length);
      expect(gateway.most).toBeLessThanOrEqual(slots);
      most = Math.max(most, gateway.most);
    }
    expect(most).toBe(slots);
  });

  it('costs no message while a worker has slots left', async () => {
    const gateway = new Gateway(2, seededRandom(1));
    gateway.limit.setLimit(16);
    for (let round = 1; round <= 50; round++) {
      void gateway.request(0);
      await gateway.run(() => gateway.answered === round);
    }
    // Asked and granted, once.
    expect(gateway.messages).toBe(2);
  });

  it('tells a worker that every slot is taken, and a waiting one that one is free', async () => {
    const gateway = new Gateway(2, seededRandom(1));
    gateway.limit.setLimit(1);
    const [holder, other] = gateway.workers;
    void holder?.ask();
    await gateway.run(() => holder?.isFree === true);
    holder?.take();
    void other?.ask();
    await gateway.run(() => other?.areFull === true);
    holder?.release();
    await gateway.run(() => other?.isFree === true);
    expect(holder?.isFree).toBe(false);
  });

  it('gets the slots of a worker that died back', async () => {
    const gateway = new Gateway(3, seededRandom(3));
    gateway.limit.setLimit(2);
    const [killed] = gateway.workers;
    for (let taken = 0; taken < 2; taken++) {
      void killed?.ask();
      await gateway.run(() => killed?.isFree === true);
      killed?.take();
    }
    const others = [gateway.request(1), gateway.request(2)];
    gateway.kill(0);
    await gateway.run(() => gateway.answered === others.length);
    expect(gateway.most).toBeLessThanOrEqual(2);
  });

  it('that is lowered holds as soon as enough requests have ended', async () => {
    const gateway = new Gateway(2, seededRandom(4));
    gateway.limit.setLimit(6);
    const first = Array.from({ length: 6 }, (_, index) => gateway.request(index % 2));
    await gateway.run(() => gateway.answered === first.length);
    gateway.limit.setLimit(2);
    await gateway.run(() => gateway.answered === first.length);
    for (let turn = 0; turn < 20; turn++)
      await gateway.run(
        (
          (turns) => () =>
            turns-- === 0
        )(5),
      );
    gateway.most = 0;
    const later = Array.from({ length: 20 }, (_, index) => gateway.request(index % 2));
    await gateway.run(() => gateway.answered === first.length + later.length);
    expect(gateway.most).toBeLessThanOrEqual(2);
  });
});
