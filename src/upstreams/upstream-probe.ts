import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { firstValueFrom } from 'rxjs';
import type { Upstream } from './upstream.js';

const PROBE_TIMEOUT_MS = 2_000;

/** The control calls to an upstream: everything but completions. */
@Injectable()
export class UpstreamProbe {
  constructor(private readonly http: HttpService) {}

  /** Whether anything answers there. Any answer will do: a server that refuses our credential is reachable. */
  async isReachable(upstream: Upstream): Promise<boolean> {
    return (await this.getModels(upstream)) !== undefined;
  }

  /** The names of the models that the upstream lists; none when it cannot be asked. */
  async listModels(upstream: Upstream): Promise<string[]> {
    const list = (await this.getModels(upstream)) as { data?: unknown } | null | undefined;
    if (!Array.isArray(list?.data)) return [];
    return list.data
      .map((model: { id?: unknown } | null) => model?.id)
      .filter((id): id is string => typeof id === 'string');
  }

  /** The body of the answer to `GET /v1/models`; undefined when there is no answer. */
  private async getModels({ baseUrl, config }: Upstream): Promise<unknown> {
    if (baseUrl === undefined) return undefined;
    const headers = config.apiKey === undefined ? {} : { Authorization: `Bearer ${config.apiKey}` };
    try {
      const options = {
        headers,
        timeout: PROBE_TIMEOUT_MS,
        validateStatus: () => true,
        maxRedirects: 0,
        proxy: false as const,
      };
      const { data } = await firstValueFrom(this.http.get<unknown>(`${baseUrl}/models`, options));
      return data ?? null;
    } catch {
      return undefined;
    }
  }
}
