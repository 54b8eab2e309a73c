import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { type Receiver, Acceptor } from './acceptor.js';

/** A worker that takes nothing until it is told to. */
class Worker implements Receiver {
  readonly handed: Socket[] = [];
  isKilled = false;

  hand(socket: Socket): void {
    this.handed.push(socket);
  }

  kill(): void {
    this.isKilled = true;
  }
}

describe('the acceptor', () => {
  let clock: ManualClock;
  let acceptor: Acceptor<Worker>;
  let port: number;
  let clients: Socket[];

  beforeEach(async () => {
    clients = [];
    clock = new ManualClock();
    acceptor = new Acceptor(clock);
    ({ port } = await acceptor.open(0, '127.0.0.1'));
  });

  afterEach(async () => {
    await acceptor.close();
    for (const client of clients) client.destroy();
  });

  async function connectOne(): Promise<void> {
    const client = connect(port, '127.0.0.1').on('error', () => undefined);
    clients.push(client);
    await once(client, 'connect');
  }

  async function handed(worker: Worker, count: number): Promise<void> {
    for (let turn = 0; worker.handed.length < count; turn++) {
      if (turn === 100_000) throw new Error(`waited in vain for ${count} connections`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('kills a worker that takes nothing for 10 checks, and hands its connections to another one', async () => {
    const frozen = new Worker();
    const other = new Worker();
    acceptor.add(frozen);
    await connectOne();
    await handed(frozen, 1);
    clock.advance(9_000);
    expect(frozen.isKilled).toBe(false);
    clock.advance(1_000);
    expect(frozen.isKilled).toBe(true);
    acceptor.add(other);
    acceptor.gone(frozen);
    expect(other.handed).toEqual(frozen.handed);
  });

  it('does not kill a worker that takes one now and then', async () => {
    const slow = new Worker();
    acceptor.add(slow);
    await connectOne();
    await connectOne();
    await handed(slow, 2);
    clock.advance(9_000);
    acceptor.taken(slow);
    clock.advance(9_000);
    acceptor.taken(slow);
    clock.advance(60_000);
    expect(slow.isKilled).toBe(false);
    expect(clock.pendingCount).toBe(0);
  });

  it('is empty when each connection was taken, even by another worker than it was handed to first', async () => {
    const first = new Worker();
    const second = new Worker();
    acceptor.add(first);
    await connectOne();
    await handed(first, 1);
    await acceptor.close();
    let isEmpty = false;
    const emptied = acceptor.emptied(30_000).then(() => (isEmpty = true));
    acceptor.gone(first);
    acceptor.add(second);
    await handed(second, 1);
    expect(isEmpty).toBe(false);
    acceptor.taken(second);
    await emptied;
  });
});
