import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../common/clock.js';
import type { RemoteStore } from './guarded-store.js';
import type { Claim } from './limit-rule.js';
import { LEASE_MS, type ReserveAnswer, type ReserveRequest } from './limit-store.js';
import { RedisClient } from './redis-client.js';
import { RENEW, RESERVE, SETTLE, USED } from './redis-scripts.js';

const PREFIX = 'gateway:limits:';

/** Each replica holds a lease here, which counts the replicas. */
const REPLICAS = 'gateway:replicas';

/** Limits that one script reads: Redis does nothing else meanwhile. */
const MAX_READ = 500;

const HEARTBEAT_MS = LEASE_MS / 3;

/** Keeps the limits of several replicas in a Redis or Valkey: one call for a request, and one after it that nobody waits for. */
export class RedisStore implements RemoteStore {
  replicaCount = 1;
  readonly timeoutMs = 50;
  private readonly id = randomUUID();
  private heartbeat: Timer | undefined;

  private constructor(
    private readonly client: RedisClient,
    private readonly clock: Clock,
  ) {}

  /** Resolves when connected, or when the first attempt has failed: the client keeps retrying. */
  static async open(url: string, clock: Clock): Promise<RedisStore> {
    const client = await RedisClient.open(url);
    const store = new RedisStore(client, clock);
    await client.firstAttempt();
    await store.beat();
    return store;
  }

  async reserve(request: ReserveRequest): Promise<ReserveAnswer> {
    const answer = (await this.client.run(RESERVE, keysOf(request), argumentsOf(request))) as number[];
    const [now = 0, granted, ...used] = answer;
    return { isGranted: granted === 1, now, used };
  }

  /** Resolves with Redis's time in milliseconds, at which it was settled. */
  settle(request: ReserveRequest): Promise<unknown> {
    return this.client.run(SETTLE, keysOf(request), argumentsOf(request));
  }

  async renew(requests: readonly ReserveRequest[]): Promise<void> {
    await Promise.all(requests.map((each) => this.client.run(RENEW, keysOf(each), [each.lease, LEASE_MS])));
  }

  /** One script for the limits of an organization, which are on one node of a cluster. */
  async used(claims: readonly Claim[]): Promise<number[]> {
    const used = new Map<string, number>();
    for (const ofOrganization of Map.groupBy(claims, ({ key }) => key.slice(0, key.indexOf('}'))).values()) {
      for (let from = 0; from < ofOrganization.length; from += MAX_READ) {
        const request = { lease: '', claims: ofOrganization.slice(from, from + MAX_READ) };
        const answer = (await this.client.run(USED, keysOf(request), argumentsOf(request))) as number[];
        request.claims.forEach(({ key }, index) => used.set(key, answer[index] ?? 0));
      }
    }
    return claims.map(({ key }) => used.get(key) ?? 0);
  }

  close(): void {
    this.heartbeat?.cancel();
    this.client.close();
  }

  /** Counts the replicas, this one included. While that fails, the last count stays. */
  private async beat(): Promise<void> {
    this.heartbeat = this.clock.timer(HEARTBEAT_MS, () => void this.beat());
    try {
      this.replicaCount = Number(await this.client.run(RENEW, [REPLICAS], [this.id, LEASE_MS]));
    } catch {
      // Requests notice an outage themselves.
    }
  }
}

function keysOf({ claims }: ReserveRequest): string[] {
  return claims.map(({ key }) => PREFIX + key);
}

function argumentsOf({ lease, claims }: ReserveRequest): (string | number)[] {
  let text = '';
  for (const { kind, limit, amount } of claims) text += `${kind} ${limit} ${amount} `;
  return [lease, LEASE_MS, text];
}
