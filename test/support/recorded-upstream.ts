import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Exchange, Recording } from '../../src/cli/record/recording.js';
import { listen } from './listen.js';

type Fields = Record<string, unknown>;

/** Replays a recorded engine: each request gets, byte by byte, the recorded answer to the most similar request. */
export class RecordedUpstream {
  /** The names of the exchanges served so far. */
  readonly served: string[] = [];

  private readonly fields: ReadonlyMap<Exchange, Fields>;

  private constructor(
    recording: Recording,
    private readonly server: Server,
  ) {
    this.fields = new Map(recording.exchanges.map((each) => [each, fieldsOf(each.request.body ?? '{}')]));
  }

  static async start(recording: Recording): Promise<RecordedUpstream> {
    const server = createServer();
    const upstream = new RecordedUpstream(recording, server);
    server.on('request', (request, response) => void upstream.handle(request, response));
    await listen(server);
    return upstream;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const exchange = this.nearest(request, Buffer.concat(pieces).toString());
    if (!exchange) {
      response.writeHead(404).end();
      return;
    }
    if (request.method === 'POST') this.served.push(exchange.name);
    await replay(exchange, response);
  }

  private nearest({ method, url }: IncomingMessage, text: string): Exchange | undefined {
    const asked = fieldsOf(text);
    let nearest: { exchange: Exchange; distance: number } | undefined;
    for (const [exchange, fields] of this.fields) {
      if (exchange.request.method !== method || exchange.request.path !== url) continue;
      const distance = distanceBetween(asked, fields);
      if (!nearest || distance < nearest.distance) nearest = { exchange, distance };
    }
    return nearest?.exchange;
  }
}

/** How many fields differ, by weight: those on which the whole answer depends count more. */
function distanceBetween(asked: Fields, recorded: Fields): number {
  const names = new Set([...Object.keys(asked), ...Object.keys(recorded)]);
  return [...names].reduce((sum, name) => {
    const isSame = JSON.stringify(asked[name]) === JSON.stringify(recorded[name]);
    // A limit of 0 asks for something else than a smaller limit.
    const isOfNothing = isLimit(name) && [asked[name], recorded[name]].includes(0);
    return sum + (isSame ? 0 : isOfNothing ? 50 : (WEIGHTS[name] ?? 1));
  }, 0);
}

const WEIGHTS: Readonly<Record<string, number>> = {
  stream: 1_000,
  n: 100,
  echo: 100,
  prompt: 20,
  logprobs: 10,
  max_tokens: 5,
  num_predict: 5,
  top_logprobs: 10,
};

const isLimit = (name: string): boolean => name === 'max_tokens' || name === 'num_predict';

/** Those among Ollama's `options`, too. */
function fieldsOf(text: string): Fields {
  try {
    const { options, ...others } = JSON.parse(text) as Fields;
    return { ...others, ...(options as Fields | undefined) };
  } catch {
    return {};
  }
}

async function replay({ answer }: Exchange, response: ServerResponse): Promise<void> {
  if (answer.status === 0) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, answer.headers);
  for (const piece of answer.pieces) await new Promise((resolve) => response.write(piece, resolve));
  if (answer.end === 'broken') response.destroy();
  else response.end();
}
