import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** An HTTP server that does not listen itself: its connections are handed to it. */
export class HandedConnections {
  constructor(private readonly server: Server) {
    // With this Node's server begins to watch over its connections: which are idle, and which take too long.
    server.emit('listening');
  }

  receive(socket: Socket): void {
    // A client that has sent its request may close its side, and still waits for the answer.
    socket.allowHalfOpen = true;
    this.server.emit('connection', socket);
  }
}
