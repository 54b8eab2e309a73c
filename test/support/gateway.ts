import type { NestExpressApplication } from '@nestjs/platform-express';
import { plainToInstance } from 'class-transformer';
import { Writable } from 'node:stream';
import { hashApiKey } from '../../src/config/api-key-hash.js';
import { GatewayConfig } from '../../src/config/config.js';
import { createApp } from '../../src/process/create-app.js';
import { type Clock, systemClock } from '../../src/common/clock.js';
import { createLogger } from '../../src/observability/logger.js';
import { documented } from './documented.js';
import { until } from './wait.js';

/** The API key that every test gateway knows. */
export const API_KEY = 'test-key';

/** The `routing` with which each failure of an upstream reaches the client: no retry, no fallback, no resume. */
export const ONE_ATTEMPT = { maxAttempts: 1, resume: 'off' };

/** Of the configuration, an API key that administers, and the header of who has it. */
export const ADMIN = { id: 'admin', hash: hashApiKey('admin-key'), admin: true };
export const AS_ADMIN = { authorization: 'Bearer admin-key' };

export type LogLine = Record<string, unknown>;

/** The whole gateway, in this process, on a port that the system chose. */
export class Gateway {
  private constructor(
    readonly app: NestExpressApplication,
    readonly url: string,
    /** Every line of the log so far. */
    readonly logLines: LogLine[],
  ) {}

  /** `config` is what `gateway.yaml` would hold. */
  static async start(config: object, clock: Clock = systemClock): Promise<Gateway> {
    const plain = { apiKeys: [{ id: 'test', hash: hashApiKey(API_KEY) }], ...config };
    const logLines: LogLine[] = [];
    const sink = new Writable({
      write(line: Buffer, _encoding, done) {
        logLines.push(JSON.parse(line.toString()) as LogLine);
        done();
      },
    });
    const app = await createApp({
      config: plainToInstance(GatewayConfig, plain, { exposeDefaultValues: true }),
      logger: createLogger('info', sink),
      clock,
    });
    await app.listen(0, '127.0.0.1');
    return new Gateway(app, await app.getUrl(), logLines);
  }

  /** A gateway with one upstream, called `fake`, that takes any model. */
  static async inFrontOf(
    upstream: { baseUrl: string },
    options: { config?: object; upstream?: object; clock?: Clock } = {},
  ) {
    const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl, ...options.upstream }];
    return Gateway.start({ upstreams, ...options.config }, options.clock);
  }

  /** `POST /v1/completions` with the test key. */
  async complete(body: unknown, init: Init = {}): Promise<Response> {
    return documented(await postCompletion(this.url, body, init), 'POST', '/v1/completions');
  }

  async get(path: string, headers: Record<string, string> = { authorization: `Bearer ${API_KEY}` }): Promise<Response> {
    return documented(await fetch(this.url + path, { headers }), 'GET', path);
  }

  /** At least `count` lines of the access log. A line is written when its connection is done, a moment after the answer. */
  async accessLog(count = 1): Promise<LogLine[]> {
    const lines = (): LogLine[] => this.logLines.filter(({ msg }) => msg === 'request');
    await until(`${count} lines of the access log`, () => lines().length >= count);
    return lines();
  }

  async stop(): Promise<void> {
    this.app.getHttpServer().closeAllConnections();
    await this.app.close();
  }
}

interface Init {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** `POST /v1/completions` with the test key. A body that is no text, no bytes and no stream is sent as JSON. */
export function postCompletion(url: string, body: unknown, { headers, signal }: Init = {}): Promise<Response> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
  return fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json', ...headers },
    body: isRaw ? (body as NonNullable<RequestInit['body']>) : JSON.stringify(body),
    duplex: 'half',
    ...(signal && { signal }),
  });
}

/** The error part of an answer. */
export interface ErrorAnswer {
  detail: unknown;
  error: { message: string; type: string; param: string | null; code: string };
}

export async function errorOf(response: Response): Promise<ErrorAnswer> {
  return (await response.json()) as ErrorAnswer;
}

/** The data of each event of a streamed answer. */
export async function eventsOf(response: Response): Promise<string[]> {
  const text = await response.text();
  return text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.replace(/^data: /, ''));
}
