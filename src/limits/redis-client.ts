import type { Cluster, Redis } from 'ioredis';
import type { Script } from './redis-scripts.js';

const CONNECT_TIMEOUT_MS = 2_000;
/** After this silence with a reply pending, the connection is replaced. */
const SILENCE_MS = 3_000;
const MAX_RECONNECT_MS = 1_000;

/** A Redis or Valkey, or a cluster of them, that runs scripts. Nothing waits for a connection: without one, calls fail at once. */
export class RedisClient {
  private isGathering = false;

  private constructor(private readonly redis: Redis | Cluster) {}

  /** `url` is `redis://`, `rediss://`, or `redis+cluster://` and `rediss+cluster://` for a cluster. */
  static async open(url: string): Promise<RedisClient> {
    // Of a bundled package in CommonJS only the default can be imported.
    const { default: ioredis } = await import('ioredis');
    const options = {
      enableOfflineQueue: false,
      enableReadyCheck: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_MS,
      retryStrategy: (times: number) => Math.min(times * 50, MAX_RECONNECT_MS),
    };
    const { protocol, hostname, port, username, password } = new URL(url);
    if (!protocol.includes('+cluster')) return new RedisClient(silenced(new ioredis.Redis(url, options)));
    const redisOptions = {
      ...options,
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      ...(protocol.startsWith('rediss') && { tls: {} }),
    };
    const cluster = new ioredis.Cluster([{ host: hostname, port: Number(port || 6379) }], {
      redisOptions,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      // Each node has a connection of its own.
      enableAutoPipelining: true,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      clusterRetryStrategy: options.retryStrategy,
      // Nodes announce addresses or names: either is used as it is.
      dnsLookup: (address, callback) => callback(null, address),
    });
    return new RedisClient(silenced(cluster));
  }

  /** Resolves when connected, or when the first attempt has failed. */
  async firstAttempt(): Promise<void> {
    if (this.redis.status === 'ready') return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.redis.once('ready', resolve).once('close', resolve);
    await promise;
  }

  /** Sends the script's hash, and the script itself to a server that does not know it. @throws {Error} Redis's, or the connection's. */
  async run({ lua, sha }: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    this.gather();
    try {
      return await this.redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return this.redis.eval(lua, keys.length, ...keys, ...args);
    }
  }

  /** Coalesces the commands of one event-loop turn into one write. ioredis's autopipelining takes half as much CPU again. */
  private gather(): void {
    const stream = 'stream' in this.redis ? (this.redis.stream as Redis['stream'] | undefined) : undefined;
    if (!stream || this.isGathering) return;
    this.isGathering = true;
    stream.cork();
    setImmediate(() => {
      this.isGathering = false;
      stream.uncork();
    });
  }

  close(): void {
    this.redis.disconnect();
  }
}

/** ioredis logs errors that nobody listens for; calls fail with them anyway. */
function silenced<Client extends Redis | Cluster>(client: Client): Client {
  client.on('error', () => undefined);
  return client;
}
