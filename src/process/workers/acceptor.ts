import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { stopListening } from '../../http/stop-listening.js';
import type { Clock, Timer } from '../../common/clock.js';

/** Between two checks whether the workers take what they were handed. */
const CHECK_MS = 1_000;

/** A worker that takes nothing for so many checks is stopped or frozen. Checks and no time: a machine that slept has not checked. */
const CHECKS_TO_FROZEN = 10;

/** Who can be handed a connection. */
export interface Receiver {
  /** Hands it over, and leaves it open here as well. */
  hand(socket: Socket): void;
  /** Ends it at once; `gone` follows. */
  kill(): void;
}

/** What a worker was handed and has not confirmed yet, in order, and for how many checks it has confirmed nothing. */
interface OnTheirWay {
  sockets: Socket[];
  checks: number;
}

/**
 * Listens for all workers, and hands each connection to one of them, in turn.
 *
 * A connection stays open here until the worker has confirmed that it has it, so one that was on its way to a worker
 * that died goes to another one, with nothing lost: nothing was read from it. And the port stays open, whatever happens
 * to the workers: while none serves, connections wait. A worker that confirms nothing for 10 s is killed: its connections
 * cannot be taken back from it otherwise.
 */
export class Acceptor<Worker extends Receiver> {
  // What is not read here is there for the worker. Small answers do not wait for more, as with a server of Node's own.
  private readonly server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.admit(socket));
  /** Those that get new connections, the next one first. */
  private readonly workers = new Set<Worker>();
  private readonly onTheirWay = new Map<Worker, OnTheirWay>();
  private readonly waiting = new Set<Socket>();
  private check: Timer | undefined;
  private onEmpty: () => void = () => undefined;

  constructor(private readonly clock: Clock) {}

  /**
   * Begins to listen.
   *
   * @throws when it cannot, an error with `code`, `address` and `port`.
   */
  async open(port: number, host: string): Promise<AddressInfo> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
    return this.server.address() as AddressInfo;
  }

  /** Accepts no more; what was accepted is handed on. */
  close(): Promise<void> {
    return stopListening(this.server);
  }

  /** Resolves when every connection is with a worker that has confirmed it, or after `limitMs`. */
  async emptied(limitMs: number): Promise<void> {
    if (this.isEmpty) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const limit = this.clock.timer(limitMs, resolve);
    this.onEmpty = resolve;
    await promise;
    limit.cancel();
  }

  /** From now on the worker gets connections. */
  add(worker: Worker): void {
    this.workers.add(worker);
    for (const socket of this.waiting) {
      this.waiting.delete(socket);
      this.pass(socket);
    }
  }

  /** The worker gets no new connections. */
  remove(worker: Worker): void {
    this.workers.delete(worker);
  }

  /** The worker has the connection that was handed to it first of those that it had not confirmed. */
  taken(worker: Worker): void {
    const handed = this.onTheirWay.get(worker);
    if (!handed) return;
    handed.checks = 0;
    // This closes our end of it and not the connection.
    handed.sockets.shift()?.destroy();
    if (handed.sockets.length === 0 && this.isEmpty) this.onEmpty();
  }

  /** The worker has ended. What it had not taken goes to others. */
  gone(worker: Worker): void {
    this.workers.delete(worker);
    const lost = this.onTheirWay.get(worker)?.sockets ?? [];
    this.onTheirWay.delete(worker);
    for (const socket of lost) this.pass(socket);
  }

  private get isEmpty(): boolean {
    return this.waiting.size === 0 && [...this.onTheirWay.values()].every(({ sockets }) => sockets.length === 0);
  }

  private admit(socket: Socket): void {
    socket.on('error', () => undefined);
    this.pass(socket);
  }

  private pass(socket: Socket): void {
    const worker = this.next();
    if (!worker) {
      this.waiting.add(socket);
      return;
    }
    const handed = this.onTheirWay.get(worker);
    if (handed) handed.sockets.push(socket);
    else this.onTheirWay.set(worker, { sockets: [socket], checks: 0 });
    this.check ??= this.clock.timer(CHECK_MS, () => this.checkForFrozen());
    worker.hand(socket);
  }

  private checkForFrozen(): void {
    this.check = undefined;
    for (const [worker, handed] of this.onTheirWay) {
      if (handed.sockets.length === 0) continue;
      this.check ??= this.clock.timer(CHECK_MS, () => this.checkForFrozen());
      if (++handed.checks === CHECKS_TO_FROZEN) worker.kill();
    }
  }

  /** Round robin, skipping workers with unconfirmed hand-overs. */
  private next(): Worker | undefined {
    let best: Worker | undefined;
    let fewest = Infinity;
    for (const worker of this.workers) {
      const count = this.onTheirWay.get(worker)?.sockets.length ?? 0;
      if (count < fewest) [best, fewest] = [worker, count];
      if (fewest === 0) break;
    }
    if (!best) return undefined;
    this.workers.delete(best);
    this.workers.add(best);
    return best;
  }
}
