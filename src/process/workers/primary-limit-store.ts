import { PendingAnswers } from '../../common/pending-answers.js';
import type { RemoteStore } from '../../limits/guarded-store.js';
import type { Claim } from '../../limits/limit-rule.js';
import type { ReserveAnswer, ReserveRequest } from '../../limits/limit-store.js';
import type { PrimaryChannel } from './primary-channel.js';

/** A worker's way to the limits that the primary process keeps for all workers. */
export class PrimaryLimitStore implements RemoteStore {
  /** The primary may be busy with the start of workers; one that is gone takes the workers with it. */
  readonly timeoutMs = 2_000;
  readonly reservations = new PendingAnswers<ReserveAnswer>();
  readonly readings = new PendingAnswers<number[]>();

  constructor(
    private readonly channel: PrimaryChannel,
    readonly replicaCount: number,
  ) {}

  reserve(request: ReserveRequest): Promise<ReserveAnswer> {
    return this.reservations.ask((id) => void this.channel.send({ type: 'reserve', id, request }));
  }

  used(claims: readonly Claim[]): Promise<number[]> {
    return this.readings.ask((id) => void this.channel.send({ type: 'readLimits', id, claims }));
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
