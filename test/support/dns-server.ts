import packet, { type Answer } from 'dns-packet';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A name server on a real socket. */
export class DnsServer {
  /** What it knows, by name; what it does not know is NXDOMAIN. */
  readonly records = new Map<string, Answer[]>();
  /** Answers nothing while false. */
  isUp = true;

  private constructor(private readonly socket: Socket) {
    socket.on('message', (message, { port, address }) => {
      if (!this.isUp) return;
      const { id, questions = [] } = packet.decode(message);
      const [question] = questions;
      const known = this.records.get(question?.name ?? '');
      const answers = (known ?? []).filter(({ type }) => type === question?.type);
      const NXDOMAIN = 3;
      const flags = packet.AUTHORITATIVE_ANSWER | (known ? 0 : NXDOMAIN);
      socket.send(packet.encode({ type: 'response', id: id ?? 0, flags, questions, answers }), port, address);
    });
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket('udp4');
    const server = new DnsServer(socket);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  /** Sets the A records of a name. */
  hostIs(name: string, hosts: readonly string[]): void {
    this.records.set(
      name,
      hosts.map((data) => ({ type: 'A', name, ttl: 1, data })),
    );
  }

  stop(): void {
    this.socket.close();
  }
}
