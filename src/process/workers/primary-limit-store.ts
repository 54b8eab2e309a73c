import type { RemoteStore } from '../../limits/guarded-store.js';
import type { Claim } from '../../limits/limit-rule.js';
import type { ReserveAnswer, ReserveRequest } from '../../limits/limit-store.js';
import type { PrimaryChannel } from './primary-channel.js';

/** A worker's way to the limits that the primary process keeps for all workers. */
export class PrimaryLimitStore implements RemoteStore {
  /** The primary may be busy with the start of workers; one that is gone takes the workers with it. */
  readonly timeoutMs = 2_000;
  private readonly waiting = new Map<string, (answer: ReserveAnswer) => void>();

  private readonly reading = new Map<number, (used: number[]) => void>();
  private lastReading = 0;

  constructor(
    private readonly channel: PrimaryChannel,
    readonly replicaCount: number,
  ) {}

  reserve(request: ReserveRequest): Promise<ReserveAnswer> {
    return new Promise((resolve) => {
      this.waiting.set(request.lease, resolve);
      void this.channel.send({ type: 'reserve', request });
    });
  }

  /** The primary has judged the request of a lease. */
  reserved(lease: string, answer: ReserveAnswer): void {
    this.waiting.get(lease)?.(answer);
    this.waiting.delete(lease);
  }

  used(claims: readonly Claim[]): Promise<number[]> {
    return new Promise((resolve) => {
      const id = ++this.lastReading;
      this.reading.set(id, resolve);
      void this.channel.send({ type: 'readLimits', id, claims });
    });
  }

  /** The primary has answered `readLimits`. */
  wereRead(id: number, used: number[]): void {
    this.reading.get(id)?.(used);
    this.reading.delete(id);
  }

  settle(request: ReserveRequest): Promise<void> {
    return this.channel.send({ type: 'settle', request });
  }

  renew(requests: readonly ReserveRequest[]): Promise<void> {
    return this.channel.send({ type: 'renew', requests });
  }

  close(): void {
    this.waiting.clear();
  }
}
