import type { Clock } from '../common/clock.js';
import type { LimitsConfig } from '../config/config.js';
import { ApiError } from '../errors/api-error.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import type { Claim } from './limit-rule.js';
import type { LimitStore, ReserveAnswer, ReserveRequest } from './limit-store.js';
import { MemoryStore } from './memory-store.js';

/** While the store is down, one request in this time tries it. */
const TRIAL_MS = 1_000;

/** Settlements kept while the store is down; further ones are lost, and their reservations stay charged. */
const MAX_UNSETTLED = 10_000;

/** A store in another process, which may be down or slow. */
export interface RemoteStore extends LimitStore {
  reserve(request: ReserveRequest): Promise<ReserveAnswer>;
  settle(request: ReserveRequest): Promise<unknown>;
  used(claims: readonly Claim[]): Promise<number[]>;
  renew(requests: readonly ReserveRequest[]): Promise<void>;
  /** Known replicas; at least 1. */
  readonly replicaCount: number;
  /** How long a request waits for an answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** A circuit breaker around a remote store: a request waits for its `timeoutMs` at most, and not at all while it is down. */
export class GuardedStore implements LimitStore {
  private isDown = false;
  private trialAt = 0;
  private readonly local: MemoryStore;
  /** By lease: what was asked for and what was claimed, where the grant is this process's and not the store's. */
  private readonly localClaims = new Map<string, { asked: Claim[]; made: Claim[] }>();
  private unsettled: ReserveRequest[] = [];

  constructor(
    private readonly store: RemoteStore,
    private readonly onFailure: LimitsConfig['onStoreFailure'],
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.local = new MemoryStore(clock);
  }

  /** @throws {ApiError} 503 when the store is down and `onStoreFailure` is `closed`. */
  async reserve(request: ReserveRequest): Promise<ReserveAnswer> {
    if (this.isDown) {
      if (this.clock.now() < this.trialAt) return this.reserveHere(request);
      this.trialAt = this.clock.now() + TRIAL_MS;
    }
    try {
      const answer = await this.ask(request);
      this.markRecovered();
      return answer;
    } catch (error) {
      this.failed(error);
      return this.reserveHere(request);
    }
  }

  settle(request: ReserveRequest): void {
    const here = this.localClaims.get(request.lease);
    if (here) {
      this.localClaims.delete(request.lease);
      this.local.settle({ ...request, claims: request.claims.map((claim, index) => correct(claim, index, here)) });
    } else if (this.isDown) {
      this.keepUnsettled(request);
    } else {
      this.send(request);
    }
  }

  renew(requests: readonly ReserveRequest[]): void {
    this.local.renew(requests.filter(({ lease }) => this.localClaims.has(lease)));
    const remote = requests.filter(({ lease }) => !this.localClaims.has(lease));
    if (this.isDown || remote.length === 0) return;
    this.store.renew(remote).catch((error: unknown) => this.failed(error));
  }

  /** For administrators, who can wait: its outcome neither opens nor closes the circuit. @throws {ApiError} 503 */
  async used(claims: readonly Claim[]): Promise<number[]> {
    try {
      return await this.store.used(claims);
    } catch {
      throw limitsUnavailable();
    }
  }

  async close(): Promise<void> {
    await this.store.close();
  }

  /** @throws when the store fails or takes too long; a late grant is given back. */
  private async ask(request: ReserveRequest): Promise<ReserveAnswer> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const { timeoutMs } = this.store;
    const expire = (): void => reject(new Error(`no answer within ${timeoutMs} ms`));
    // An answer that arrived while this process was busy is read before it counts as late.
    const timer = this.clock.timer(timeoutMs, () => setImmediate(expire));
    const asked = this.store.reserve(request);
    try {
      return await Promise.race([asked, late]);
    } catch (error) {
      asked.then(({ isGranted }) => isGranted && this.send(negated(request))).catch(() => undefined);
      throw error;
    } finally {
      timer.cancel();
    }
  }

  private reserveHere(request: ReserveRequest): ReserveAnswer {
    const { lease, claims } = request;
    switch (this.onFailure) {
      case 'closed':
        throw limitsUnavailable();
      case 'open':
        this.localClaims.set(lease, { asked: [], made: [] });
        return { isGranted: true, now: this.clock.now(), used: [] };
      case 'local': {
        const made = claims.map((claim) => this.shareOf(claim));
        const answer = this.local.reserve({ lease, claims: made });
        if (answer.isGranted) this.localClaims.set(lease, { asked: claims, made });
        return { ...answer, claims: made };
      }
    }
  }

  private shareOf(claim: Claim): Claim {
    const limit = Math.max(1, Math.floor(claim.limit / this.store.replicaCount));
    return { ...claim, limit, amount: claim.kind === 'tokens' ? Math.min(claim.amount, limit) : claim.amount };
  }

  /** When the connection is lost, nobody knows whether the store settled it. */
  private send(request: ReserveRequest): void {
    this.store.settle(request).catch((error: unknown) => {
      this.metrics.limitsUnsettled.inc();
      this.failed(error);
    });
  }

  private keepUnsettled(request: ReserveRequest): void {
    if (this.unsettled.length < MAX_UNSETTLED) this.unsettled.push(request);
    else this.metrics.limitsUnsettled.inc();
  }

  private failed(error: unknown): void {
    if (this.isDown) return;
    this.isDown = true;
    this.trialAt = this.clock.now() + TRIAL_MS;
    this.metrics.limitStoreUp.set(0);
    const reason = (error as Error).message;
    this.logger.error({ reason, policy: this.onFailure }, 'the limit store does not answer');
  }

  private markRecovered(): void {
    if (!this.isDown) return;
    this.isDown = false;
    this.metrics.limitStoreUp.set(1);
    this.logger.info('the limit store answers again');
    const waiting = this.unsettled;
    this.unsettled = [];
    for (const request of waiting) this.send(request);
  }
}

/** The difference to what was claimed here, which may be less than what was asked for. */
function correct(claim: Claim, index: number, { asked, made }: { asked: Claim[]; made: Claim[] }): Claim {
  const [before, after] = [asked[index], made[index]];
  if (!before || !after) return claim;
  return { ...after, amount: claim.amount + before.amount - after.amount };
}

function negated({ lease, claims }: ReserveRequest): ReserveRequest {
  return { lease, claims: claims.map((claim) => ({ ...claim, amount: -claim.amount })) };
}

export function limitsUnavailable(): ApiError {
  return new ApiError(503, 'limits_unavailable', 'The limits cannot be checked at the moment.', {
    headers: { 'Retry-After': '1' },
  });
}
