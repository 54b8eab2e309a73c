import type { Claim, LimitKind } from '../../src/limits/limit-rule.js';
import { LEASE_MS, type LimitStore, type ReserveRequest } from '../../src/limits/limit-store.js';

const MINUTE_MS = 60_000n;

/** The plain model of the limits: buckets that fill, sums, and leases. Exact, slow, and on one clock. */
class LimitModel {
  /** What is left, times 60,000. */
  private readonly buckets = new Map<string, { left: bigint; at: number }>();
  private readonly sums = new Map<string, number>();
  private readonly leases = new Map<string, Map<string, number>>();

  reserve({ lease, claims }: ReserveRequest, now: number): boolean {
    const isGranted = claims.every((claim) => this.hasRoom(claim, now));
    if (isGranted) for (const claim of claims) this.take(claim, lease, now);
    return isGranted;
  }

  settle({ lease, claims }: ReserveRequest, now: number): void {
    for (const claim of claims) {
      if (claim.kind === 'concurrency') this.leases.get(claim.key)?.delete(lease);
      else this.take(claim, lease, now);
    }
  }

  private hasRoom(claim: Claim, now: number): boolean {
    const { key, kind, limit, amount } = claim;
    if (kind === 'daily' || kind === 'budget') return (this.sums.get(key) ?? 0) + amount <= limit;
    if (kind === 'concurrency') return this.leasesOf(key, now).size < limit;
    return this.leftOf(claim, now) >= BigInt(amount) * MINUTE_MS;
  }

  private take(claim: Claim, lease: string, now: number): void {
    const { key, kind, limit, amount } = claim;
    if (kind === 'concurrency') {
      this.leasesOf(key, now).set(lease, now + LEASE_MS);
    } else if (kind === 'daily' || kind === 'budget') {
      this.sums.set(key, Math.max(0, (this.sums.get(key) ?? 0) + amount));
    } else {
      const left = this.leftOf(claim, now) - BigInt(amount) * MINUTE_MS;
      const full = BigInt(limit) * MINUTE_MS;
      this.buckets.set(key, { left: left > full ? full : left, at: now });
    }
  }

  private leftOf({ key, limit }: Claim, now: number): bigint {
    const full = BigInt(limit) * MINUTE_MS;
    const bucket = this.buckets.get(key);
    if (!bucket) return full;
    const left = bucket.left + BigInt(now - bucket.at) * BigInt(limit);
    return left > full ? full : left;
  }

  private leasesOf(key: string, now: number): Map<string, number> {
    const leases = this.leases.get(key) ?? new Map<string, number>();
    this.leases.set(key, leases);
    for (const [lease, until] of leases) if (until <= now) leases.delete(lease);
    return leases;
  }
}

const KINDS: readonly LimitKind[] = ['requests', 'tokens', 'daily', 'budget', 'concurrency'];

interface Limits {
  key: string;
  kind: LimitKind;
  limit: number;
}

/** Up to five limits of one organization; some are large, so that milliseconds matter. */
function someLimits(random: () => number, name: string): Limits[] {
  return Array.from({ length: 1 + Math.floor(random() * 5) }, (_, index) => {
    const kind = KINDS[Math.floor(random() * KINDS.length)] ?? 'requests';
    const limit = kind === 'concurrency' ? 1 + Math.floor(random() * 4) : Math.ceil(10 ** (1 + random() * 5));
    return { key: `{${name}}:${index}:${kind}`, kind, limit };
  });
}

/** The decisions of a store and of the model, which have to be equal. */
interface Verdicts {
  store: boolean[];
  model: boolean[];
}

/**
 * A random schedule of reservations, settlements (some of which give all back) and requests that never end, on a store and
 * on the model, which gets the store's time: `timeOf` reads it from the result of a settlement. `pass` lets time pass.
 */
export async function runSchedule(
  store: LimitStore,
  random: () => number,
  name: string,
  timeOf: (settled: unknown) => number,
  pass: (milliseconds: number) => void,
): Promise<Verdicts> {
  const model = new LimitModel();
  const limits = someLimits(random, name);
  const open: ReserveRequest[] = [];
  const verdicts: Verdicts = { store: [], model: [] };
  const steps = 5 + Math.floor(random() * 20);
  for (let step = 0; step < steps; step++) {
    pass(Math.floor(10 ** (random() * 5)));
    const settled = random() < 0.4 ? open.splice(Math.floor(random() * open.length), 1)[0] : undefined;
    if (settled) {
      const isGivenBack = random() < 0.3;
      const claims = settled.claims.map((claim) => ({ ...claim, amount: differenceOf(claim, isGivenBack, random) }));
      const answer = await store.settle({ ...settled, claims });
      model.settle({ ...settled, claims }, timeOf(answer));
      continue;
    }
    const claims = limits.map((each) => ({ ...each, amount: amountOf(each, random) }));
    const request = { lease: `${name}:${step}`, claims };
    const answer = await store.reserve(request);
    verdicts.store.push(answer.isGranted);
    verdicts.model.push(model.reserve(request, answer.now));
    if (answer.isGranted) open.push(request);
  }
  return verdicts;
}

function amountOf({ kind, limit }: Limits, random: () => number): number {
  return kind === 'concurrency' || kind === 'requests' || kind === 'daily' ? 1 : Math.ceil(random() * random() * limit);
}

/** A request may turn out to have used more than was reserved. */
function differenceOf({ kind, amount }: Claim, isGivenBack: boolean, random: () => number): number {
  if (kind === 'concurrency' || isGivenBack) return -amount;
  return kind === 'requests' || kind === 'daily' ? 0 : Math.floor(amount * (random() * 1.5 - 1));
}
