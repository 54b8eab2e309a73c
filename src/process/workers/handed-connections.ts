import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** An HTTP server that does not listen itself: its connections are handed to it. */
export class HandedConnections {
  constructor(private readonly server: Server) {
    // Node's server starts its timeouts of connections with this event.
    server.emit('listening');
  }

  receive(socket: Socket): void {
    // A client may close its side after its request, and still wait for the answer.
    socket.allowHalfOpen = true;
    this.server.emit('connection', socket);
  }
}
