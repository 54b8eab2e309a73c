import type { NestExpressApplication } from '@nestjs/platform-express';
import { plainToInstance } from 'class-transformer';
import OpenAI from 'openai';
import { type FirstKeys, makeFirstKeys } from '../../src/admin/first-keys.js';
import type { Clock } from '../../src/common/clock.js';
import { GatewayConfig } from '../../src/config/config.js';
import { createLogger } from '../../src/observability/logger.js';
import { createApp } from '../../src/process/create-app.js';

import type { Storage } from '../../src/storage/storage.js';
import { type DatabaseOptions, storageOn } from './databases.js';
import type { FakeUpstream } from './fake-upstream.js';

/** A gateway with a database, in this process, and its first keys. */
export class IdentityGateway {
  /** Reads of the database so far. */
  queryCount = 0;

  private constructor(
    readonly app: NestExpressApplication,
    readonly url: string,
    readonly keys: FirstKeys,
    private readonly storage: Storage,
  ) {}

  /** On a new database, in which it creates the tables and the first keys. */
  static async start(
    database: DatabaseOptions,
    upstream: FakeUpstream,
    clock: Clock,
    options: object = {},
  ): Promise<IdentityGateway> {
    const storage = await storageOn(database, clock);
    await storage.migrate();
    const keys = (await makeFirstKeys(storage, clock)) ?? NO_KEYS;
    return IdentityGateway.on(storage, keys, { ...database, ...options }, upstream, clock);
  }

  /** On a database that may be down; with `isDeaf` it gets no notification of changes. */
  static async startWithout(
    database: DatabaseOptions,
    upstream: FakeUpstream,
    clock: Clock,
    { isDeaf = false } = {},
  ): Promise<IdentityGateway> {
    const storage = await storageOn(database, clock);
    if (isDeaf) storage.onChange = () => undefined;
    return IdentityGateway.on(storage, NO_KEYS, database, upstream, clock);
  }

  private static async on(
    storage: Storage,
    keys: FirstKeys,
    options: object,
    upstream: FakeUpstream,
    clock: Clock,
  ): Promise<IdentityGateway> {
    const plain = { upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl }], ...options };
    const config = plainToInstance(GatewayConfig, plain, { exposeDefaultValues: true });
    const app = await createApp({ config, logger: createLogger('silent'), clock, storage });
    await app.listen(0, '127.0.0.1');
    const gateway = new IdentityGateway(app, await app.getUrl(), keys, storage);
    const read: Storage['read'] = storage.read.bind(storage);
    storage.read = (query) => {
      gateway.queryCount++;
      return read(query);
    };
    return gateway;
  }

  /** OpenAI's own client of the administration API. */
  admin(adminAPIKey = this.keys.adminKey): OpenAI {
    return new OpenAI({ adminAPIKey, apiKey: 'unused', baseURL: `${this.url}/v1`, maxRetries: 0 });
  }

  complete(key: string, body: object = {}): Promise<Response> {
    return this.request('POST', '/v1/completions', key, { model: 'test-model', prompt: 'Hi', ...body });
  }

  async statusFor(key: string, model = 'test-model'): Promise<number> {
    const answer = await this.complete(key, { model });
    await answer.text();
    return answer.status;
  }

  request(
    method: string,
    path: string,
    key: string | undefined,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(this.url + path, {
      method,
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /** The answer to the first admin key; any other status than 200 throws. */
  async json<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const answer = await this.request(method, path, this.keys.adminKey, body, headers);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async stop(): Promise<void> {
    this.app.getHttpServer().closeAllConnections();
    await this.app.close();
    await this.storage.close();
  }
}

const NO_KEYS: FirstKeys = { apiKey: '', adminKey: '' };
