import type { Claim } from './limit-rule.js';

/** What one request asks of a store: all claims, or none. */
export interface ReserveRequest {
  /** Names the request's lease on `concurrency` limits; unique over all replicas. */
  lease: string;
  claims: Claim[];
}

export interface ReserveAnswer {
  isGranted: boolean;
  /** The store's time in milliseconds, which decided. */
  now: number;
  /** What is used of each claim's limit: after a grant with the claim, after a refusal without. */
  used: number[];
  /** The claims that were judged, where they differ from those asked for. */
  claims?: Claim[];
}

/** A lease expires after this long without renewal: a crashed replica holds nothing. */
export const LEASE_MS = 30_000;

/** Keeps how much of each limit is used. */
export interface LimitStore {
  /** Checks all claims and takes all or nothing, in one atomic step. */
  reserve(request: ReserveRequest): ReserveAnswer | Promise<ReserveAnswer>;
  /** Adds the amount of each claim, negative to give back, and ends the lease. The claims are those that were reserved, in order. */
  settle(request: ReserveRequest): Promise<unknown> | void;
  /** Renews the leases of requests that are still under way. */
  renew(requests: readonly ReserveRequest[]): void | Promise<void>;
  /** What is used of each claim's limit now, in its units. Takes nothing. */
  used(claims: readonly Claim[]): number[] | Promise<number[]>;
  close(): void | Promise<void>;
}
