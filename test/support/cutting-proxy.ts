import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { listen } from './listen.js';

/** Where a connection is cut: so many bytes after the end of so many events. */
export interface Cut {
  afterEvents: number;
  bytes: number;
}

/** A TCP proxy in front of an engine that cuts connections at an exact byte of what the engine says. */
export class CuttingProxy {
  /** For the answers to the requests from now on; without it they are left whole. */
  cut: Cut | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly enginePort: number,
  ) {}

  static async inFrontOf(engine: { port: number }): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server, engine.port);
    server.on('connection', (socket) => proxy.forward(socket));
    await listen(server);
    return proxy;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }

  private forward(socket: Socket): void {
    const engine = connect(this.enginePort, '127.0.0.1');
    for (const [one, other] of [
      [socket, engine],
      [engine, socket],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
    let cut: Cut | undefined;
    let received = Buffer.alloc(0);
    let forwarded = 0;
    socket.on('data', (piece: Buffer) => {
      // A request: what comes now is its answer.
      ({ cut } = this);
      received = Buffer.alloc(0);
      forwarded = 0;
      engine.write(piece);
    });
    engine.on('data', (piece: Buffer) => {
      received = Buffer.concat([received, piece]);
      const end = cut ? positionOf(cut, received) : Infinity;
      const next = received.subarray(forwarded, end);
      forwarded += next.length;
      if (end > received.length) socket.write(next);
      // The connection is cut when what was written has left.
      else socket.write(next, () => socket.destroy());
    });
  }
}

/** The position of the cut, or one that has not been reached. The head of an answer has no LF LF. */
function positionOf({ afterEvents, bytes }: Cut, received: Buffer): number {
  let position = 0;
  for (let count = 0; count < afterEvents; count++) {
    const end = received.indexOf('\n\n', position);
    if (end === -1) return Infinity;
    position = end + 2;
  }
  return position + bytes;
}
