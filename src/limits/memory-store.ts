import type { Clock } from '../common/clock.js';
import { type Claim, fits, inUnits, isOfPeriod, PERIOD_MS, usedAfter } from './limit-rule.js';
import { LEASE_MS, type LimitStore, type ReserveAnswer, type ReserveRequest } from './limit-store.js';

/** Between two sweeps of idle entries. */
const SWEEP_MS = 60_000;

interface Bucket {
  used: number;
  /** Milliseconds since the epoch. */
  at: number;
  /** From then on it is the same as no entry. */
  idleAt: number;
}

/** Keeps the limits of this process or, in the primary, those of all workers. A restart resets budgets. */
export class MemoryStore implements LimitStore {
  private readonly buckets = new Map<string, Bucket>();
  /** By key, when each lease expires; the oldest lease comes first. */
  private readonly leases = new Map<string, Map<string, number>>();
  private sweepAt = 0;

  constructor(private readonly clock: Clock) {}

  /** Limits of which something is used. */
  get size(): number {
    return this.buckets.size + this.leases.size;
  }

  reserve({ lease, claims }: ReserveRequest): ReserveAnswer {
    const now = Math.floor(this.clock.now());
    const used: number[] = [];
    let isGranted = true;
    for (const claim of claims) {
      const units = this.usedOf(claim, now);
      if (!fits(claim, units)) isGranted = false;
      used.push(units);
    }
    for (const [index, claim] of isGranted ? claims.entries() : []) {
      const units = (used[index] ?? 0) + inUnits(claim);
      used[index] = units;
      if (claim.kind === 'concurrency') this.hold(claim.key, lease, now + LEASE_MS);
      else this.keep(claim, units, now);
    }
    if (now >= this.sweepAt) this.sweep(now);
    return { isGranted, now, used };
  }

  settle({ lease, claims }: ReserveRequest): void {
    const now = Math.floor(this.clock.now());
    for (const claim of claims) {
      if (claim.kind === 'concurrency') this.leases.get(claim.key)?.delete(lease);
      else if (claim.amount !== 0) this.keep(claim, Math.max(0, this.usedOf(claim, now) + inUnits(claim)), now);
    }
  }

  renew(requests: readonly ReserveRequest[]): void {
    const until = Math.floor(this.clock.now()) + LEASE_MS;
    for (const { lease, claims } of requests) {
      for (const { key, kind } of claims) if (kind === 'concurrency') this.hold(key, lease, until);
    }
  }

  used(claims: readonly Claim[]): number[] {
    const now = Math.floor(this.clock.now());
    return claims.map((claim) => this.usedOf(claim, now));
  }

  close(): void {
    this.buckets.clear();
    this.leases.clear();
  }

  private usedOf({ key, kind, limit }: Claim, now: number): number {
    if (kind === 'concurrency') return this.leaseCount(key, now);
    const bucket = this.buckets.get(key);
    if (!bucket) return 0;
    return isOfPeriod(kind) ? bucket.used : usedAfter(bucket.used, now - bucket.at, limit);
  }

  private keep({ key, kind, limit }: Claim, used: number, now: number): void {
    const idleAt = now + (isOfPeriod(kind) ? PERIOD_MS[kind] : Math.ceil(used / limit));
    const bucket = this.buckets.get(key);
    if (!bucket) {
      this.buckets.set(key, { used, at: now, idleAt });
      return;
    }
    bucket.used = used;
    bucket.at = now;
    bucket.idleAt = idleAt;
  }

  private hold(key: string, lease: string, until: number): void {
    let leases = this.leases.get(key);
    if (!leases) this.leases.set(key, (leases = new Map<string, number>()));
    leases.delete(lease);
    leases.set(lease, until);
  }

  private leaseCount(key: string, now: number): number {
    const leases = this.leases.get(key);
    if (!leases) return 0;
    for (const [lease, until] of leases) {
      if (until > now) break;
      leases.delete(lease);
    }
    return leases.size;
  }

  private sweep(now: number): void {
    this.sweepAt = now + SWEEP_MS;
    for (const [key, { idleAt }] of this.buckets) if (idleAt <= now) this.buckets.delete(key);
    for (const key of this.leases.keys()) if (this.leaseCount(key, now) === 0) this.leases.delete(key);
  }
}
