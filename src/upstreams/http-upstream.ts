import type { Agent } from 'node:https';
import type { TimeoutsConfig, UpstreamConfig } from '../config/config.js';
import type { Cancellation } from '../common/cancellation.js';
import type { Clock } from '../common/clock.js';
import { secureConnectionOf } from './secure-connection.js';
import { type Connection, Connections } from './connections.js';
import { profileOf } from '../engines/engine-profiles.js';
import type { ConfiguredProfile } from '../engines/engine-profile.js';
import { FimTemplates } from './fim-templates.js';
import { HttpAttempt } from './http-attempt.js';
import { isLarge, payloadOf } from './request-payload.js';
import { ServedModels } from './served-models.js';
import { UpstreamState } from './upstream-state.js';
import type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstream.js';
import { UpstreamError } from './upstream-error.js';

/** An OpenAI-compatible server, reached over a pool of kept-alive connections. */
export class HttpUpstream implements Upstream {
  readonly baseUrl: string;
  readonly models: ServedModels;
  readonly fimTemplates: FimTemplates;
  readonly profile: ConfiguredProfile;
  version: string | undefined;
  readonly agent: Agent | undefined;
  private readonly connections: Connections;
  private readonly basePath: string;
  private readonly rootPath: string;
  private readonly headers: Record<string, string>;

  constructor(
    readonly config: UpstreamConfig,
    private readonly clock: Clock,
    readonly state = new UpstreamState(config, clock),
  ) {
    this.models = new ServedModels(config);
    this.fimTemplates = new FimTemplates(config);
    this.profile = profileOf(config);
    const { origin, pathname } = new URL(config.baseUrl);
    this.baseUrl = config.baseUrl.replace(/\/+$/, '');
    this.basePath = pathname.replace(/\/+$/, '');
    this.rootPath = this.basePath.replace(/\/v1$/, '');
    this.headers = {
      'content-type': 'application/json',
      // Without it any coding would do (RFC 9110, section 12.5.3).
      'accept-encoding': 'identity',
      ...(config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` }),
    };
    const { connector, agent } = secureConnectionOf(config);
    this.agent = agent;
    this.connections = new Connections(origin, connector);
  }

  send(request: UpstreamRequest, cancellation: Cancellation): Promise<UpstreamAnswer> {
    if (cancellation.reason) return Promise.reject(cancellation.reason);
    // It is not kept for a second try, so it gets a connection that no server closes for its age.
    if (isLarge(request.body)) return this.sendOn(this.connections.takeNew(), request, cancellation);
    return this.sendOn(this.connections.take(), request, cancellation).catch((error: unknown) => {
      if (!(error instanceof UpstreamError) || !error.isStale || cancellation.isCancelled) throw error;
      return this.sendAnew(error, request, cancellation);
    });
  }

  /**
   * A kept connection was closed under the request: it goes out once more, on one that the server has just accepted, as nginx
   * does. Where that breaks as well, or none is accepted, the server has not closed the first for its age: the request may
   * have broken it.
   */
  private async sendAnew(
    stale: UpstreamError,
    request: UpstreamRequest,
    cancellation: Cancellation,
  ): Promise<UpstreamAnswer> {
    try {
      return await this.sendOn(this.connections.takeNew(), request, cancellation);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (error.phase === 'not_sent') throw stale;
      if (error.phase !== 'sent' || error.isTimeout) throw error;
      throw new UpstreamError('sent', error.reason ?? '', { cause: error, isSecondBreak: true });
    }
  }

  private sendOn(
    connection: Connection,
    request: UpstreamRequest,
    cancellation: Cancellation,
  ): Promise<UpstreamAnswer> {
    const attempt = new HttpAttempt(this.timeoutsFor(request), this.clock, cancellation, connection);
    const path = (request.isFromRoot ? this.rootPath : this.basePath) + request.path;
    const headers = { ...this.headers, ...request.headers };
    connection.dispatch({ method: 'POST', path, ...payloadOf(request.body, headers) }, attempt);
    return attempt.answer;
  }

  /** The configured limits, the whole time cut down to what the client's request has left. */
  private timeoutsFor({ deadlineAt }: UpstreamRequest): TimeoutsConfig {
    const { timeouts } = this.config;
    const leftMs = Math.max(1, deadlineAt - this.clock.now());
    return leftMs < timeouts.totalMs ? { ...timeouts, totalMs: leftMs } : timeouts;
  }

  async close(when: 'now' | 'when_idle'): Promise<void> {
    await this.connections.close(when);
  }
}
