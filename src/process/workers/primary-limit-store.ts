import type { RemoteStore } from '../../limits/guarded-store.js';
import type { Claim } from '../../limits/limit-rule.js';
import type { ReserveAnswer, ReserveRequest } from '../../limits/limit-store.js';
import type { PrimaryChannel } from './primary-channel.js';

/** A worker's way to the limits that the primary process keeps for all workers. */
export class PrimaryLimitStore implements RemoteStore {
  /** The primary may be busy with the start of workers; one that is gone takes the workers with it. */
  readonly timeoutMs = 2_000;

  constructor(
    private readonly channel: PrimaryChannel,
    readonly replicaCount: number,
  ) {}

  reserve(request: ReserveRequest): Promise<ReserveAnswer> {
    return this.channel.ask({ type: 'reserve', request });
  }

  used(claims: readonly Claim[]): Promise<number[]> {
    return this.channel.ask({ type: 'readLimits', claims });
  }

  settle(request: ReserveRequest): Promise<void> {
    return this.channel.send({ type: 'settle', request });
  }

  renew(requests: readonly ReserveRequest[]): Promise<void> {
    return this.channel.send({ type: 'renew', requests });
  }

  close(): void {
    // The primary process keeps it.
  }
}
