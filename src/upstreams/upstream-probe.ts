import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { UpstreamConfig } from '../config/config.js';
import type { AxiosRequestConfig, AxiosResponse } from 'axios';
import { firstValueFrom } from 'rxjs';
import type { EngineProfile } from '../engines/engine-profile.js';
import type { Upstream } from './upstream.js';

/** More than any model list has, in plain; what is longer is not read. */
const MAX_ANSWER_BYTES = 4_194_304;

const MAX_MODEL_NAMES = 10_000;
const MAX_MODEL_NAME_LENGTH = 256;

/**
 * The control calls to an upstream: everything but the completions of clients. Each takes at most `health.timeoutMs` and
 * `MAX_ANSWER_BYTES`.
 */
@Injectable()
export class UpstreamProbe {
  constructor(private readonly http: HttpService) {}

  /** Whether the upstream passes the configured health check. */
  async isUp(upstream: Upstream, model: string | undefined): Promise<boolean> {
    const { baseUrl, config, profile } = upstream;
    if (baseUrl === undefined) return false;
    const asksForToken = config.healthCheck === 'completion' && model !== undefined;
    const answer = await this.call(
      upstream,
      asksForToken
        ? { method: 'POST', ...oneToken(baseUrl, config.api, profile, model) }
        : { url: healthUrlOf(baseUrl, profile) },
    );
    if (!answer) return false;
    // A missing or protected health path still shows that the server is up; a completion must succeed.
    // At its rate limit it works, too.
    return asksForToken ? answer.status === 200 || answer.status === 429 : answer.status < 500;
  }

  /** The names of the models that the upstream lists, the first 10,000; undefined when it cannot be asked. */
  async listModels(upstream: Upstream): Promise<string[] | undefined> {
    const answer = await this.call(upstream, { url: `${upstream.baseUrl ?? ''}/models` });
    const list = answer?.data as { data?: unknown } | null | undefined;
    if (answer?.status !== 200 || !Array.isArray(list?.data)) return undefined;
    const names = list.data.map((model: { id?: unknown } | null) => model?.id).filter(isModelName);
    return names.slice(0, MAX_MODEL_NAMES);
  }

  /** The version that the engine reports, up to 64 characters; undefined when it reports none. */
  async version(upstream: Upstream): Promise<string | undefined> {
    const { baseUrl, profile } = upstream;
    if (baseUrl === undefined || profile.versionPath === undefined) return undefined;
    const answer = await this.call(upstream, { url: rootOf(baseUrl) + profile.versionPath });
    const { version, build_info: build } = (answer?.data ?? {}) as { version?: unknown; build_info?: unknown };
    const reported = version ?? build;
    return typeof reported === 'string' ? reported.slice(0, 64) : undefined;
  }

  /** The answer, of any status; undefined when there is none. */
  private async call(
    { baseUrl, config, agent }: Upstream,
    request: AxiosRequestConfig,
  ): Promise<AxiosResponse<unknown> | undefined> {
    if (baseUrl === undefined) return undefined;
    const headers = config.apiKey === undefined ? {} : { Authorization: `Bearer ${config.apiKey}` };
    const { timeoutMs } = config.health;
    try {
      return await firstValueFrom(
        this.http.request<unknown>({
          ...request,
          ...(agent && { httpsAgent: agent }),
          headers,
          timeout: timeoutMs,
          // Axios's own limit does not cover the time that connecting takes.
          signal: AbortSignal.timeout(timeoutMs),
          validateStatus: () => true,
          maxRedirects: 0,
          maxContentLength: MAX_ANSWER_BYTES,
          proxy: false,
        }),
      );
    } catch {
      return undefined;
    }
  }
}

function isModelName(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= MAX_MODEL_NAME_LENGTH;
}

function oneToken(
  baseUrl: string,
  api: UpstreamConfig['api'],
  { oneToken: own }: EngineProfile,
  model: string,
): AxiosRequestConfig {
  if (api === 'completions' && own) return { url: rootOf(baseUrl) + own.path, data: { model, ...own.body } };
  const data = { model, max_tokens: 1 };
  if (api === 'completions') return { url: `${baseUrl}/completions`, data: { ...data, prompt: 'Hi' } };
  return { url: `${baseUrl}/chat/completions`, data: { ...data, messages: [{ role: 'user', content: 'Hi' }] } };
}

/** The health check's URL; engines without a health path are asked for their models. */
function healthUrlOf(baseUrl: string, { healthPath }: EngineProfile): string {
  return healthPath === undefined ? `${baseUrl}/models` : rootOf(baseUrl) + healthPath;
}

const rootOf = (baseUrl: string): string => baseUrl.replace(/\/v1$/, '');
