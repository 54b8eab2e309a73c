import { Pool } from 'undici';
import type { UpstreamConfig } from '../config/config.js';
import type { Clock } from '../telemetry/clock.js';
import { HttpAttempt } from './http-attempt.js';
import type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstream.js';

/** An OpenAI-compatible server, reached over a pool of kept-alive connections. */
export class HttpUpstream implements Upstream {
  readonly baseUrl: string;
  private readonly pool: Pool;
  private readonly basePath: string;
  private readonly headers: Record<string, string>;

  constructor(
    readonly config: UpstreamConfig,
    private readonly clock: Clock,
  ) {
    const { origin, pathname } = new URL(config.baseUrl);
    this.baseUrl = config.baseUrl.replace(/\/+$/, '');
    this.basePath = pathname.replace(/\/+$/, '');
    this.headers = {
      'content-type': 'application/json',
      ...(config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` }),
    };
    // The attempt has the time limits; undici's own would cut a long prefill.
    const connect = { timeout: config.timeouts.connectMs };
    this.pool = new Pool(origin, { connect, headersTimeout: 0, bodyTimeout: 0 });
  }

  async send(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    signal.throwIfAborted();
    const attempt = new HttpAttempt(this.config.timeouts, this.clock, signal);
    const headers = { ...this.headers, ...request.headers };
    this.pool.dispatch({ method: 'POST', path: this.basePath + request.path, headers, body: request.body }, attempt);
    return attempt.answer;
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
