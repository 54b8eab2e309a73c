import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { type ApiKeyConfig, GatewayConfig } from '../config/config.js';
import type { Caller } from '../auth/caller.js';
import { KeyDirectory } from '../auth/key-directory.js';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import type { CreateCompletionDto } from '../contract/create-completion.dto.js';
import { DEFAULT_MAX_TOKENS, promptsOf } from '../contract/prompts.js';
import { ApiError } from '../errors/api-error.js';
import type { Exchange } from '../observability/exchange.js';
import { Metrics } from '../observability/metrics.js';
import { type Claim, type LimitRule, type LimitScope, periodOf, remainingOf, usedOf } from './limit-rule.js';
import { nameOf, refusalOf } from './limit-refusal.js';
import { LEASE_MS, type LimitStore, type ReserveAnswer } from './limit-store.js';
import { LimitTable } from './limit-table.js';
import { rateLimitHeaders } from './rate-limit-headers.js';
import { Reservation, type Settler } from './reservation.js';
import { sizeOfPrompts, TokenEstimate } from './token-estimate.js';

/** The token to inject the `LimitStore` by. */
export const LIMIT_STORE = Symbol('limit store');

/** A key, project or organization that may have limits. */
export interface LimitSubject {
  scope: LimitScope;
  id: string;
  /** The one that it belongs to, or is. */
  organization: string | undefined;
}

export interface LimitUse {
  rule: LimitRule;
  /** Whole requests or tokens; more than the limit after a debt. */
  used: number;
  remaining: number;
}

const RENEW_MS = LEASE_MS / 3;

/** Admits requests within their limits: reserves the most that one may use, and settles what it used. */
@Injectable()
export class Limiter implements OnApplicationShutdown, Settler {
  private readonly table: LimitTable;
  private readonly estimate = new TokenEstimate();
  private readonly maxTokensPerRequest: number;
  private readonly leasePrefix = randomUUID();
  private lastLease = 0;
  /** Reservations under way that hold a lease. */
  private readonly leased = new Set<Reservation>();
  private renewal: Timer | undefined;

  constructor(
    config: GatewayConfig,
    @Inject(LIMIT_STORE) private readonly store: LimitStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly metrics: Metrics,
    directory: KeyDirectory,
  ) {
    this.table = new LimitTable(config.limits.default, config.apiKeys);
    this.maxTokensPerRequest = config.limits.maxTokensPerRequest ?? Infinity;
    directory.onLimits((limits) => this.table.replaceStored(limits));
  }

  /** Takes the keys of a new configuration. */
  replaceKeys(apiKeys: readonly ApiKeyConfig[]): void {
    this.table.replaceConfigured(apiKeys);
  }

  async onApplicationShutdown(): Promise<void> {
    this.renewal?.cancel();
    await this.store.close();
  }

  /**
   * Reserves what the request may use at most.
   *
   * @returns undefined when nothing limits it; a promise only when the store is remote.
   * @throws {ApiError} 400 when it asks for more than any request may, 429 when a limit is reached, 503 when the limits
   *   cannot be checked and nothing may pass unchecked.
   */
  reserve(
    caller: Caller,
    body: CreateCompletionDto,
    exchange: Exchange,
  ): Promise<Reservation> | Reservation | undefined {
    const rules = this.table.rulesFor(caller, body.model);
    if (rules.length === 0 && this.maxTokensPerRequest === Infinity) return undefined;
    const maxTokens = maxTokensOf(body);
    if (maxTokens > this.maxTokensPerRequest) throw tooMany(maxTokens, this.maxTokensPerRequest);
    if (rules.length === 0) return undefined;
    const size = sizeOfPrompts(body);
    const claims = this.claimsOf(rules, this.estimate.of(body.model, size) + maxTokens);
    const lease = `${this.leasePrefix}:${++this.lastLease}`;
    const reservation = new Reservation(this, lease, claims, { model: body.model, size });
    const answer = this.store.reserve({ lease, claims });
    if (answer instanceof Promise) return answer.then((late) => this.admit(reservation, rules, late, exchange));
    return this.admit(reservation, rules, answer, exchange);
  }

  /** The estimated tokens of the prompts. */
  promptTokensOf(body: CreateCompletionDto): number {
    return this.estimate.of(body.model, sizeOfPrompts(body));
  }

  /** Whether every key is limited. */
  get limitsAllKeys(): boolean {
    return this.table.hasKeyDefaults;
  }

  /**
   * The limits of each subject, for all models, and what is used of them now. Takes nothing.
   *
   * @throws {ApiError} 503 when the limit store does not answer.
   */
  async usesOf(subjects: readonly LimitSubject[]): Promise<LimitUse[][]> {
    const rules = subjects.map(({ scope, id, organization }) => this.table.rulesOf(scope, id, organization));
    const claims = this.claimsOf(rules.flat(), 0);
    const used = await this.store.used(claims);
    const uses = rules.flat().map((rule, at): LimitUse => {
      const units = used[at] ?? 0;
      return { rule, used: usedOf(rule, units), remaining: remainingOf(rule, units) };
    });
    return rules.map(({ length }) => uses.splice(0, length));
  }

  settled(reservation: Reservation, differences: Claim[]): void {
    this.leased.delete(reservation);
    if (differences.some(({ kind, amount }) => amount !== 0 || kind === 'concurrency'))
      void this.store.settle({ lease: reservation.lease, claims: differences });
    const { model, size } = reservation.asked;
    if (reservation.reportedPromptTokens !== undefined)
      this.estimate.learn(model, size, reservation.reportedPromptTokens);
  }

  /** A claim of tokens fits an empty bucket: else a small limit would refuse the request for ever. */
  private claimsOf(rules: readonly LimitRule[], tokens: number): Claim[] {
    return rules.map(({ key, kind, limit }) => {
      switch (kind) {
        case 'tokens':
          return { key, kind, limit, amount: Math.min(tokens, limit) };
        case 'budget':
          return { key: `${key}:${periodOf(kind, this.clock.now())}`, kind, limit, amount: tokens };
        case 'daily':
          return { key: `${key}:${periodOf(kind, this.clock.now())}`, kind, limit, amount: 1 };
        case 'requests':
        case 'concurrency':
          return { key, kind, limit, amount: 1 };
      }
    });
  }

  private admit(
    reservation: Reservation,
    rules: readonly LimitRule[],
    { isGranted, now, used, claims = reservation.claims }: ReserveAnswer,
    exchange: Exchange,
  ): Reservation {
    const headers = rateLimitHeaders(claims, used);
    const refusal = isGranted ? undefined : refusalOf(rules, claims, { now, used }, headers);
    if (refusal) {
      exchange.refusedBy = nameOf(refusal.rule);
      this.metrics.limitsRefused.inc({ scope: refusal.rule.scope, kind: refusal.rule.kind });
      throw refusal.error;
    }
    reservation.headers = headers;
    if (claims.some(({ kind }) => kind === 'concurrency')) {
      this.leased.add(reservation);
      this.renewal ??= this.clock.timer(RENEW_MS, () => this.renew());
    }
    return reservation;
  }

  private renew(): void {
    this.renewal = undefined;
    if (this.leased.size === 0) return;
    this.renewal = this.clock.timer(RENEW_MS, () => this.renew());
    const requests = [...this.leased].map(({ lease, claims }) => ({
      lease,
      claims: claims.filter(({ kind }) => kind === 'concurrency'),
    }));
    void this.store.renew(requests);
  }
}

/** The most tokens that the engine may generate: `best_of` choices when that is more than `n`. */
function maxTokensOf(body: CreateCompletionDto): number {
  const perPrompt = Math.max(body.n ?? 1, body.best_of ?? 1) * (body.max_tokens ?? DEFAULT_MAX_TOKENS);
  return promptsOf(body).length * perPrompt;
}

export function tooMany(tokens: number, max: number): ApiError {
  const message = `The request asks for up to ${tokens} tokens (max_tokens × the larger of n and best_of × prompts); one request may ask for ${max}.`;
  return new ApiError(400, 'max_tokens_per_request_exceeded', message, { param: 'max_tokens' });
}
