import type { Clock } from '../common/clock.js';
import type { LimitsConfig } from '../config/config.js';
import { ApiError } from '../errors/api-error.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import type { Claim } from './limit-rule.js';
import type { LimitStore, ReserveAnswer, ReserveRequest } from './limit-store.js';
import { MemoryStore } from './memory-store.js';

/** While the store cannot be asked, one request tries it so often. */
const TRIAL_MS = 1_000;

/** Settlements that wait for the store to come back; those beyond it are lost, and their reservations stay charged. */
const MAX_UNSETTLED = 10_000;

/** A store elsewhere, which may be down or slow. */
export interface RemoteStore extends LimitStore {
  reserve(request: ReserveRequest): Promise<ReserveAnswer>;
  settle(request: ReserveRequest): Promise<unknown>;
  used(claims: readonly Claim[]): Promise<number[]>;
  renew(requests: readonly ReserveRequest[]): Promise<void>;
  /** Known replicas; at least 1. */
  readonly replicaCount: number;
  /** A request waits no longer for its answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** A circuit breaker around a store elsewhere: no request waits longer than the store's limit, and none at all while it is down. */
export class GuardedStore implements LimitStore {
  private isDown = false;
  private trialAt = 0;
  private readonly own: MemoryStore;
  /** Of each lease that was granted here and not by the store, the claims that were made here. */
  private readonly ownClaims = new Map<string, { asked: Claim[]; made: Claim[] }>();
  private unsettled: ReserveRequest[] = [];

  constructor(
    private readonly store: RemoteStore,
    private readonly onFailure: LimitsConfig['onStoreFailure'],
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.own = new MemoryStore(clock);
  }

  /** @throws {ApiError} 503 when the store cannot be asked and `onStoreFailure` is `closed`. */
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
    const here = this.ownClaims.get(request.lease);
    if (here) {
      this.ownClaims.delete(request.lease);
      this.own.settle({ ...request, claims: request.claims.map((claim, index) => correct(claim, index, here)) });
    } else if (this.isDown) {
      this.keepUnsettled(request);
    } else {
      this.send(request);
    }
  }

  renew(requests: readonly ReserveRequest[]): void {
    this.own.renew(requests.filter(({ lease }) => this.ownClaims.has(lease)));
    const remote = requests.filter(({ lease }) => !this.ownClaims.has(lease));
    if (this.isDown || remote.length === 0) return;
    this.store.renew(remote).catch((error: unknown) => this.failed(error));
  }

  /** For people, who can wait: whether requests ask the store is not decided by it. @throws {ApiError} 503 */
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

  /** @throws when the store fails, or takes too long; what it grants later is given back. */
  private async ask(request: ReserveRequest): Promise<ReserveAnswer> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const { timeoutMs } = this.store;
    const expire = (): void => reject(new Error(`no answer within ${timeoutMs} ms`));
    // An answer that came while this process was busy is read before it counts as late.
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
        this.ownClaims.set(lease, { asked: [], made: [] });
        return { isGranted: true, now: this.clock.now(), used: [] };
      case 'local': {
        const made = claims.map((claim) => this.shareOf(claim));
        const answer = this.own.reserve({ lease, claims: made });
        if (answer.isGranted) this.ownClaims.set(lease, { asked: claims, made });
        return { ...answer, claims: made };
      }
    }
  }

  private shareOf(claim: Claim): Claim {
    const limit = Math.max(1, Math.floor(claim.limit / this.store.replicaCount));
    return { ...claim, limit, amount: claim.kind === 'tokens' ? Math.min(claim.amount, limit) : claim.amount };
  }

  /** A settlement is answered when it is done, or its connection is lost; which of the two it was is then not known. */
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
    this.logger.error({ reason, policy: this.onFailure }, 'the store of the limits cannot be asked');
  }

  private markRecovered(): void {
    if (!this.isDown) return;
    this.isDown = false;
    this.metrics.limitStoreUp.set(1);
    this.logger.info('the store of the limits answers again');
    const waiting = this.unsettled;
    this.unsettled = [];
    for (const request of waiting) this.send(request);
  }
}

/** Of a claim that was made smaller here, the difference is larger by as much. */
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
