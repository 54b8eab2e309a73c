import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { API_KEY } from './gateway.js';
import { within } from './wait.js';

/** A client that asks again and again, over one connection as long as that lasts. */
export class SteadyClient {
  /** How each request ended: its status, its error, or `cut` for a stream without its end. */
  readonly outcomes: (number | string)[] = [];
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly running: Promise<void>;
  private isStopped = false;
  private waiters: (() => void)[] = [];

  constructor(
    private readonly url: string,
    /** Requests have the id `NAME-NUMBER`, counted from 1. */
    readonly name: string,
    private readonly body: object,
  ) {
    this.running = this.run();
  }

  get failures(): (number | string)[] {
    return this.outcomes.filter((outcome) => outcome !== 200);
  }

  /** Resolves when so many more requests have got a 200. */
  async succeeded(count: number): Promise<void> {
    const first = this.outcomes.length;
    while (this.outcomes.slice(first).filter((outcome) => outcome === 200).length < count) {
      await within(`${count} good answers`, new Promise<void>((resolve) => this.waiters.push(resolve)));
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
    this.agent.destroy();
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      this.outcomes.push(await this.ask().catch((error: unknown) => String(error)));
      for (const wake of this.waiters.splice(0)) wake();
    }
  }

  private async ask(): Promise<number | string> {
    const headers = {
      authorization: `Bearer ${API_KEY}`,
      'content-type': 'application/json',
      'x-request-id': `${this.name}-${this.outcomes.length + 1}`,
    };
    const sent = request(`${this.url}/v1/completions`, { method: 'POST', headers, agent: this.agent });
    sent.end(JSON.stringify(this.body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    for await (const part of response) text += String(part);
    const isWhole = !('stream' in this.body) || text.endsWith('data: [DONE]\n\n');
    return response.statusCode === 200 && !isWhole ? 'cut' : (response.statusCode ?? 0);
  }
}
