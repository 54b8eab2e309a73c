import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of an HTTP server that does not listen itself: they are handed to it. */
export class HandedConnections {
  private readonly open = new Set<Socket>();
  private readonly waiters: (() => void)[] = [];

  constructor(private readonly server: Server) {
    // With this Node's server begins to watch over its connections: which are idle, and which take too long.
    server.emit('listening');
  }

  receive(socket: Socket): void {
    this.open.add(socket);
    socket.once('close', () => {
      this.open.delete(socket);
      if (this.open.size === 0) for (const wake of this.waiters.splice(0)) wake();
    });
    // A client that has sent its request may close its side, and still waits for the answer.
    socket.allowHalfOpen = true;
    this.server.emit('connection', socket);
  }

  /**
   * Ends each connection after its next answer, and says so in it, so that no client sends another request into a
   * connection that is just being closed.
   */
  endEachWithItsAnswer(): void {
    this.server.prependListener('request', (_request, response) => {
      response.setHeader('Connection', 'close');
    });
  }

  /** Resolves when none is open. */
  async ended(): Promise<void> {
    if (this.open.size > 0) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }
}
