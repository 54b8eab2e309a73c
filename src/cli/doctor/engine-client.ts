import type { HttpService } from '@nestjs/axios';
import { type AxiosRequestConfig, type AxiosResponse, isAxiosError } from 'axios';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import type { UpstreamConfig } from '../../config/config.js';
import { dialectOf } from '../../completions/dialects/choose.js';
import type { Dialect } from '../../completions/dialects/dialect.js';
import type { EngineProfile } from '../../engines/engine-profile.js';
import { DONE } from '../../upstreams/event-stream.js';
import {
  choicesOf,
  type EngineAnswer,
  type EngineStream,
  type Fields,
  isFields,
  noAnswer,
  readAnswer,
  readStream,
} from './engine-answer.js';

/** The server that is examined. */
export interface Subject {
  /** Up to and with `/v1`. */
  baseUrl: string;
  apiKey: string | undefined;
  api: UpstreamConfig['api'];
  model: string;
}

/** Of llama.cpp, vLLM and SGLang. */
const BUSY_METRIC =
  /^(?:llamacpp:requests_processing|vllm:num_requests_running|sglang:num_running_reqs)(?:\{.*\})? (\d+(?:\.\d+)?)$/gm;

/** The first request may have to load the model. */
export const FIRST_TIME_LIMIT_MS = 300_000;
const TIME_LIMIT_MS = 60_000;

/**
 * Sends requests to one server and returns any answer; never throws.
 *
 * Bodies are written as for completions, and sent as the gateway would send them to the endpoint.
 */
export class EngineClient {
  /** How many requests were sent. */
  requests = 0;
  // llama.cpp's server advertises keep-alive and closes: each request has a connection of its own.
  private readonly agents = { httpAgent: new HttpAgent(), httpsAgent: new HttpsAgent() };

  private dialect: Dialect;

  constructor(
    private readonly http: HttpService,
    readonly subject: Subject,
  ) {
    this.dialect = dialectOf(subject.api, {});
  }

  /** From now on it asks where the gateway would ask such an engine. */
  askAs(profile: Pick<EngineProfile, 'endpoint'>): void {
    this.dialect = dialectOf(this.subject.api, profile);
  }

  async ask(body: Fields, timeLimitMs = TIME_LIMIT_MS): Promise<EngineAnswer> {
    const answer = await this.call<string>(this.completion(body), timeLimitMs);
    return typeof answer === 'string'
      ? noAnswer(answer)
      : readAnswer(answer.status, this.inContract(answer.data, true));
  }

  /** Reads a stream to its end, or until the texts so far are `enough`; then the request is aborted. */
  async stream(body: Fields, enough: (text: string) => boolean = () => false): Promise<EngineStream> {
    const leave = new AbortController();
    const streamed = await this.call<Readable>(
      { ...this.completion({ ...body, stream: true }), responseType: 'stream' },
      TIME_LIMIT_MS,
      leave.signal,
    );
    const nothing = { contentType: '', isStream: false, chunks: [], hasDone: false, isCut: false };
    if (typeof streamed === 'string') return { ...noAnswer(streamed), ...nothing };
    const contentType = String(streamed.headers['content-type'] ?? '');
    const events: string[] = [];
    const parser = this.dialect.framing.newParser();
    let raw = '';
    let text = '';
    let isCut = false;
    try {
      for await (const piece of streamed.data as AsyncIterable<Buffer>) {
        raw += piece.toString();
        const added = parser.push(piece).map((event) => this.inContract(event, false));
        events.push(...added);
        text += added.map(textOfEvent).join('');
        isCut = enough(text);
        if (isCut) break;
      }
      const last = parser.end();
      if (last !== undefined) events.push(this.inContract(last, false));
    } catch (error) {
      if (events.length === 0) return { ...noAnswer(`the stream broke: ${(error as Error).message}`), ...nothing };
    } finally {
      leave.abort();
    }
    if (streamed.status !== 200 || events.length === 0) {
      return { ...readAnswer(streamed.status, raw), ...nothing, contentType, choices: [] };
    }
    const isStream = this.dialect.framing.contentType.test(contentType);
    return readStream(
      streamed.status,
      events.filter((event) => event !== DONE),
      { hasDone: events.includes(DONE), isCut, contentType, isStream },
    );
  }

  /** Sends a request for a whole answer without waiting for it. @returns a function that disconnects. */
  begin(body: Fields): () => void {
    const leave = new AbortController();
    void this.call(this.completion(body), TIME_LIMIT_MS, leave.signal);
    return () => leave.abort();
  }

  /** Requests in progress, for engines that report them: llama.cpp's slots, or metrics. */
  async busyCount(): Promise<number | undefined> {
    const { status, json } = await this.get('/slots');
    if (status === 200 && Array.isArray(json)) {
      return (json as unknown[]).filter((slot) => isFields(slot) && slot.is_processing === true).length;
    }
    const { text } = await this.get('/metrics');
    const counts = [...text.matchAll(BUSY_METRIC)].map(([, count]) => Number(count));
    return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count);
  }

  async getModels(): Promise<{ status: number; text: string; json: unknown }> {
    return this.control({ url: `${this.subject.baseUrl}/models` });
  }

  /** A path from the root of the server, which is the base URL without `/v1`. */
  async get(path: string): Promise<{ status: number; text: string; json: unknown }> {
    return this.control({ url: this.root + path });
  }

  async post(path: string, data: Fields): Promise<{ status: number; text: string; json: unknown }> {
    return this.control({ method: 'POST', url: this.root + path, data });
  }

  private get root(): string {
    return this.subject.baseUrl.replace(/\/v1$/, '');
  }

  private async control(request: AxiosRequestConfig): Promise<{ status: number; text: string; json: unknown }> {
    const answer = await this.call<string>(request, TIME_LIMIT_MS);
    if (typeof answer === 'string') return { status: 0, text: answer, json: undefined };
    let json: unknown;
    try {
      json = JSON.parse(answer.data);
    } catch {
      // Some of these paths answer with plain text.
    }
    return { status: answer.status, text: answer.data, json };
  }

  private completion(body: Fields): AxiosRequestConfig {
    const { path, isFromRoot, write } = this.dialect;
    const base = isFromRoot ? this.root : this.subject.baseUrl;
    return { method: 'POST', url: base + path, data: write({ model: this.subject.model, ...body }) };
  }

  /** The answer of an engine's own endpoint, in the contract's form; unreadable ones unchanged. */
  private inContract(json: string, isWhole: boolean): string {
    if (!this.dialect.isNested) return json;
    try {
      return JSON.stringify(this.dialect.read(json, isWhole) ?? null);
    } catch {
      return json;
    }
  }

  /** The answer, of any status; the reason as a text when there is none. */
  private async call<T>(
    request: AxiosRequestConfig,
    timeLimitMs: number,
    leave?: AbortSignal,
  ): Promise<AxiosResponse<T> | string> {
    const { apiKey } = this.subject;
    const limit = AbortSignal.timeout(timeLimitMs);
    this.requests += 1;
    try {
      return await firstValueFrom(
        this.http.request<T>({
          responseType: 'text',
          // Axios would parse what looks like JSON.
          transformResponse: (data: unknown) => data,
          ...request,
          ...this.agents,
          headers: apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` },
          signal: leave ? AbortSignal.any([leave, limit]) : limit,
          validateStatus: () => true,
          maxRedirects: 0,
          proxy: false,
        }),
      );
    } catch (error) {
      if (limit.aborted) return `no answer within ${timeLimitMs / 1000} s`;
      return isAxiosError(error) ? error.message || (error.code ?? 'no answer') : String(error);
    }
  }
}

function textOfEvent(event: string): string {
  try {
    return choicesOf(JSON.parse(event) as Fields)
      .map(({ text }) => text)
      .join('');
  } catch {
    return '';
  }
}
