import packet, { type Answer } from 'dns-packet';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A name server on a real socket. */
export class DnsServer {
  /** By name; any other name is NXDOMAIN. */
  readonly records = new Map<string, Answer[]>();
  /** Types of records that are answered with SERVFAIL. */
  readonly failing = new Set<string>();
  /** Answers nothing while false. */
  isUp = true;

  private constructor(private readonly socket: Socket) {
    socket.on('message', (message, { port, address }) => {
      if (!this.isUp) return;
      const { id, questions = [] } = packet.decode(message);
      const [question] = questions;
      const known = this.records.get(question?.name ?? '');
      const answers = (known ?? []).filter(({ type }) => type === question?.type);
      const [SERVFAIL, NXDOMAIN] = [2, 3];
      const failure = this.failing.has(question?.type ?? '') ? SERVFAIL : 0;
      const flags = packet.AUTHORITATIVE_ANSWER | (known ? failure : NXDOMAIN);
      const response = { type: 'response' as const, id: id ?? 0, flags, questions };
      socket.send(packet.encode({ ...response, answers: failure ? [] : answers }), port, address);
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

  /** Sets the addresses of a name: A and AAAA records. */
  hostIs(name: string, hosts: readonly string[]): void {
    this.records.set(
      name,
      hosts.map((data) => ({ type: data.includes(':') ? 'AAAA' : 'A', name, ttl: 1, data })),
    );
  }

  stop(): void {
    this.socket.close();
  }
}
