import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Who can be handed a connection. */
export interface Doorway {
  /** Hands it over, and leaves it open here as well. */
  hand(socket: Socket): void;
}

/**
 * Listens for all workers, and hands each connection to one of them, in turn.
 *
 * A connection stays open here until the worker has confirmed that it has it, so one that was on its way to a worker
 * that died goes to another one, with nothing lost: nothing was read from it. And the port stays open, whatever happens
 * to the workers: while none serves, connections wait.
 */
export class FrontDoor<Worker extends Doorway> {
  // What is not read here is there for the worker. Small answers do not wait for more, as with a server of Node's own.
  private readonly server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.admit(socket));
  /** Those that get new connections, the next one first. */
  private readonly workers = new Set<Worker>();
  /** What each was handed and has not confirmed yet, in order. */
  private readonly onTheirWay = new Map<Worker, Socket[]>();
  private readonly waiting: Socket[] = [];

  /**
   * Begins to listen.
   *
   * @throws when it cannot, an error with `code`, `address` and `port`.
   */
  async open(port: number, host: string): Promise<string> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
    return urlOf(this.server.address() as AddressInfo);
  }

  /** Nobody gets in any more. */
  close(): void {
    this.server.close();
    for (const socket of this.waiting.splice(0)) socket.destroy();
  }

  /** From now on the worker gets connections. */
  add(worker: Worker): void {
    this.workers.add(worker);
    for (const socket of this.waiting.splice(0)) this.pass(socket);
  }

  /** The worker gets no new connections. */
  remove(worker: Worker): void {
    this.workers.delete(worker);
  }

  /** The worker has the connection that was handed to it first of those that it had not confirmed. */
  taken(worker: Worker): void {
    // This closes our end of it and not the connection.
    this.onTheirWay.get(worker)?.shift()?.destroy();
  }

  /** The worker has ended. What it did not get to take goes to others. */
  gone(worker: Worker): void {
    this.workers.delete(worker);
    const lost = this.onTheirWay.get(worker) ?? [];
    this.onTheirWay.delete(worker);
    for (const socket of lost) this.pass(socket);
  }

  private admit(socket: Socket): void {
    socket.on('error', () => undefined);
    this.pass(socket);
  }

  private pass(socket: Socket): void {
    const worker = this.next();
    if (!worker) {
      this.waiting.push(socket);
      return;
    }
    const handed = this.onTheirWay.get(worker);
    if (handed) handed.push(socket);
    else this.onTheirWay.set(worker, [socket]);
    worker.hand(socket);
  }

  /** In turn, but for a worker that is busy and does not come round to taking what it was handed. */
  private next(): Worker | undefined {
    let best: Worker | undefined;
    let fewest = Infinity;
    for (const worker of this.workers) {
      const count = this.onTheirWay.get(worker)?.length ?? 0;
      if (count < fewest) [best, fewest] = [worker, count];
      if (fewest === 0) break;
    }
    if (!best) return undefined;
    this.workers.delete(best);
    this.workers.add(best);
    return best;
  }
}

/** What a person, or a test, can open: "all addresses" is none of them. */
function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '::' || address === '0.0.0.0') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
