import { type buildConnector, Client, type Dispatcher } from 'undici';
import { InterimSkipper } from './interim-skipper.js';

/**
 * Kept-alive connections to one server, as many as there are requests under way. The one that was free last is taken
 * first, so that those of a rush grow old and are closed.
 *
 * undici's own Pool looks through all of its connections for a free one, for each request: with thousands of open streams
 * that costs more than the request.
 */
export class Connections {
  /** Those that have no request, the one that was free last at the end. */
  private readonly free: Connection[] = [];
  /** Those whose request has just ended. */
  private rested: Connection[] = [];
  private readonly all = new Set<Connection>();
  private isClosed = false;

  private readonly origin: URL;

  constructor(
    origin: string,
    /** One for all: a TLS session of one connection serves the next. */
    private readonly connector: buildConnector.connector,
  ) {
    this.origin = new URL(origin);
  }

  /** A connection for one request; `release` gives it back. */
  take(): Connection {
    return this.free.pop() ?? this.takeNew();
  }

  /** One that no request was sent over before. */
  takeNew(): Connection {
    const connection = new Connection(this.origin, this.connector, (isUsable) => {
      if (isUsable && !this.isClosed) this.rest(connection);
      else this.drop(connection);
    });
    this.all.add(connection);
    return connection;
  }

  /** Closes all: at once, or each when its request has ended. */
  async close(when: 'now' | 'when_idle'): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.all].map((connection) => connection.close(when)));
  }

  /**
   * Some servers close a connection right behind an answer, though they have said that they keep it (llama.cpp's does after
   * a stream): it is free when this turn of the event loop has shown nothing of that.
   */
  private rest(connection: Connection): void {
    if (this.rested.push(connection) > 1) return;
    setImmediate(() => {
      const { rested } = this;
      this.rested = [];
      for (const each of rested) if (this.all.has(each)) this.free.push(each);
    });
  }

  private drop(connection: Connection): void {
    this.all.delete(connection);
    // Those that are closed for their age are the first.
    const at = this.free.indexOf(connection);
    if (at !== -1) this.free.splice(at, 1);
    void connection.close('when_idle');
  }
}

/** One connection, which is made anew when it was lost. */
export class Connection {
  private readonly client: Client;
  private skipper: InterimSkipper | undefined;
  private isTaken = true;
  /** Requests since it was made, or made anew. */
  private useCount = 0;

  /** Calls `onFree` when its request has ended, or, with false, when it was closed while idle. */
  constructor(
    origin: URL,
    connector: buildConnector.connector,
    private readonly onFree: (isUsable: boolean) => void,
  ) {
    const connect: buildConnector.connector = (options, done) => {
      connector(options, (...connected) => {
        const [, socket] = connected;
        if (socket) this.skipper = new InterimSkipper(socket);
        this.useCount = 1;
        done(...connected);
      });
    };
    // The attempt has the time limits; undici's own would cut a long prefill.
    this.client = new Client(origin, { connect, headersTimeout: 0, bodyTimeout: 0 });
    this.client.on('disconnect', () => {
      if (!this.isTaken) this.onFree(false);
    });
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.isTaken = true;
    this.useCount++;
    this.skipper?.arm();
    this.client.dispatch(options, handler);
  }

  /** It has carried a request before: the server may close it at the moment at which it gets another. */
  get isReused(): boolean {
    return this.useCount > 1;
  }

  release(): void {
    if (!this.isTaken) return;
    this.isTaken = false;
    this.onFree(true);
  }

  async close(when: 'now' | 'when_idle'): Promise<void> {
    if (this.client.destroyed) return;
    await (when === 'now' ? this.client.destroy() : this.client.close());
  }
}
