import type { Engine } from '../../engines/engine-names.js';
import { exchange } from './exchange.js';
import { bodyOf, type Exchange, type Recording } from './recording.js';
import { type RequestToRecord, requestsToRecord } from './requests.js';

export interface Subject {
  engine: Engine;
  /** Up to and with `/v1`. */
  baseUrl: string;
  apiKey: string | undefined;
  /** Undefined: the first that the server lists. */
  model: string | undefined;
  /** Undefined: as the server reports it. */
  version: string | undefined;
}

/**
 * Sends every request to an engine, one after the other but for those that belong together.
 *
 * @throws {Error} when it lists no model, or reports no version and none was given.
 */
export async function record(subject: Subject, onProgress: (name: string) => void): Promise<Recording> {
  const { engine, apiKey } = subject;
  const { origin, pathname } = new URL(subject.baseUrl);
  const ask = async (asked: RequestToRecord): Promise<Exchange> => {
    onProgress(asked.name);
    const { name, method, path, body } = asked;
    const request = { method, path, ...(body === undefined ? {} : { body }) };
    return { name, request, answer: await exchange(origin, apiKey, asked) };
  };
  const get = async (path: string): Promise<unknown> => {
    const { answer } = await ask({ name: path, method: 'GET', path });
    return parse(bodyOf(answer));
  };
  const basePath = pathname.replace(/\/+$/, '');
  const model = subject.model ?? firstModel(await get(`${basePath}/models`));
  const version = subject.version ?? (await versionOf(get));
  const exchanges: Exchange[] = [];
  for (const group of groups(requestsToRecord(engine, model, basePath))) {
    exchanges.push(...(await Promise.all(group.map(ask))));
  }
  return { engine, version, model, exchanges };
}

function groups(requests: readonly RequestToRecord[]): RequestToRecord[][] {
  const all: RequestToRecord[][] = [];
  for (const request of requests) {
    if (request.isConcurrent) all.at(-1)?.push(request);
    else all.push([request]);
  }
  return all;
}

function firstModel(list: unknown): string {
  const id = (list as { data?: { id?: unknown }[] } | undefined)?.data?.[0]?.id;
  if (typeof id !== 'string') throw new Error('The server lists no model: name one with --model.');
  return id;
}

/** vLLM and Ollama report theirs, llama-server its build. */
async function versionOf(get: (path: string) => Promise<unknown>): Promise<string> {
  for (const path of ['/version', '/api/version', '/props']) {
    const { version, build_info: build } = ((await get(path)) ?? {}) as { version?: unknown; build_info?: unknown };
    if (typeof version === 'string') return version;
    if (typeof build === 'string') return build;
  }
  throw new Error('The server reports no version: give one with --version.');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
