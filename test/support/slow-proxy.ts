import { connect, createServer, type Server, type Socket } from 'node:net';
import { listen } from './listen.js';

/** A TCP proxy in front of a local server, which holds answers back while `delays` is set. */
export class SlowProxy {
  delays = false;
  private readonly held: (() => void)[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(port: number): Promise<SlowProxy> {
    const server = createServer();
    const proxy = new SlowProxy(server, await listen(server));
    server.on('connection', (client) => proxy.join(client, connect(port, '127.0.0.1')));
    return proxy;
  }

  /** Answers that are held. */
  get heldCount(): number {
    return this.held.length;
  }

  letGo(): void {
    this.delays = false;
    for (const send of this.held.splice(0)) send();
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private join(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (data) => server.write(data)).on('close', () => server.destroy());
    server.on('close', () => client.destroy());
    server.on('data', (data) => {
      if (this.delays) this.held.push(() => client.write(data));
      else client.write(data);
    });
  }
}
