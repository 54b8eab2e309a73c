import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../common/clock.js';

/**
 * How long a connection may be idle while the server drains. The clients of Node, undici and httpx close theirs after 4 to
 * 5 s, and so never send a request into a connection that is being closed.
 */
const IDLE_GRACE_MS = 6_000;

const SWEEP_MS = 50;

/** How long a client has to close its side once we have closed ours. */
const LINGER_MS = 500;

/** A connection that waits for its client, as it was when that was noticed. */
interface Idle {
  bytesRead: number;
  since: number;
}

/** The connections of an HTTP server, and how they end without a loss for their clients. */
export class OpenConnections {
  private readonly open = new Set<Socket>();
  /** Those whose side here is closed. */
  private readonly closing = new Set<Socket>();
  private readonly idle = new Map<Socket, Idle>();
  /** For each connection, the response that carries `Connection: close`. */
  private readonly last = new WeakMap<Socket, ServerResponse>();
  private readonly waiters = new Set<() => void>();
  private isEnding = false;

  /** Make it before the server listens. */
  constructor(
    private readonly server: Server,
    private readonly clock: Clock,
  ) {
    server.on('connection', (socket) => this.add(socket));
  }

  /**
   * Answers the requests under way, marks the last answer of each connection with `Connection: close`, and closes the connection
   * after it: no client sends another request into a connection that is being closed.
   */
  endEachWithItsAnswer(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.server.prependListener('request', ({ socket }: IncomingMessage, response) => this.markLast(socket, response));
    for (const socket of this.open) this.prepareEnd(socket);
  }

  /**
   * Resolves when every connection has ended: after its last answer, or when it has been idle for a while. After `limitMs`
   * the idle ones are closed, and the others cut.
   */
  async drain(limitMs: number): Promise<void> {
    this.endEachWithItsAnswer();
    const limitAt = this.clock.now() + limitMs;
    while (this.open.size > 0 && this.clock.now() < limitAt) {
      await this.endedOrAfter(Math.min(SWEEP_MS, limitAt - this.clock.now()));
      this.closeIdle();
    }
    for (const socket of this.open) {
      if (answerOn(socket)) socket.destroy();
      else this.close(socket);
    }
    await this.endedOrAfter(LINGER_MS);
    for (const socket of this.open) socket.destroy();
  }

  /** Resolves when none is open. */
  async ended(): Promise<void> {
    if (this.open.size > 0) await new Promise<void>((resolve) => this.waiters.add(resolve));
  }

  private add(socket: Socket): void {
    this.open.add(socket);
    socket.once('close', () => {
      this.open.delete(socket);
      this.closing.delete(socket);
      this.idle.delete(socket);
      if (this.open.size > 0) return;
      for (const wake of this.waiters) wake();
      this.waiters.clear();
    });
    if (this.isEnding) this.prepareEnd(socket);
  }

  private prepareEnd(socket: Socket): void {
    // What Node's server calls after the last answer.
    socket.destroySoon = () => this.close(socket);
    const answer = answerOn(socket);
    if (answer) this.markLast(socket, answer);
  }

  /** Of pipelined requests, the answer marked before is no longer the last. */
  private markLast(socket: Socket, answer: ServerResponse): void {
    if (answer.headersSent) return;
    const before = this.last.get(socket);
    if (before && !before.headersSent) before.removeHeader('Connection');
    this.last.set(socket, answer);
    answer.setHeader('Connection', 'close');
  }

  private closeIdle(): void {
    const now = this.clock.now();
    for (const socket of this.open) {
      if (this.closing.has(socket)) continue;
      const { bytesRead } = socket;
      const known = this.idle.get(socket);
      if (answerOn(socket)) this.idle.delete(socket);
      // Half of a request may have come.
      else if (known?.bytesRead !== bytesRead) this.idle.set(socket, { bytesRead, since: now });
      else if (now - known.since >= IDLE_GRACE_MS) this.close(socket);
    }
  }

  /**
   * Closes this side, and waits for the client to close its own. What still comes is read and discarded: unread bytes make the
   * system send a reset, which can destroy the end of the last answer (RFC 9112, section 9.6).
   */
  private close(socket: Socket): void {
    if (this.closing.has(socket)) return;
    this.closing.add(socket);
    // The HTTP parser's.
    socket.removeAllListeners('data');
    socket.on('data', () => undefined).resume();
    socket.end();
    const limit = this.clock.timer(LINGER_MS, () => socket.destroy());
    socket.once('close', () => limit.cancel());
  }

  private async endedOrAfter(delayMs: number): Promise<void> {
    if (this.open.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waiters.add(resolve);
    const timer = this.clock.timer(delayMs, resolve);
    await promise;
    timer.cancel();
    this.waiters.delete(resolve);
  }
}

/** The answer that a connection is busy with, as Node's own `closeIdleConnections` finds it. */
function answerOn(socket: Socket): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}
