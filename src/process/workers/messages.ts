import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import type { GatewayConfig } from '../../config/config.js';
import type { Claim } from '../../limits/limit-rule.js';
import type { ReserveAnswer, ReserveRequest } from '../../limits/limit-store.js';
import type { StatementAnswer } from '../../storage/lease.js';
import type { EngineAddress } from '../../upstreams/embedded-engine.js';

/** Every metric of one process, as prom-client writes it for others. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

/** A worker asks for the embedded database, or something of it. */
export interface DatabaseCall {
  type: 'database';
  lease: number;
  action: 'acquire' | 'execute' | 'release';
  sql?: string;
  parameters?: readonly unknown[];
}

/** What a worker asks the primary process. */
export type Question =
  /** Check and take what the request may use of its limits. */
  | { type: 'reserve'; request: ReserveRequest }
  /** Say what is used of these limits. */
  | { type: 'readLimits'; claims: readonly Claim[] }
  /** Write the metrics of all workers in Prometheus's format. */
  | { type: 'readMetrics' }
  | DatabaseCall;

/** The answers, by the type of the question. */
export interface Answers {
  reserve: ReserveAnswer;
  readLimits: number[];
  readMetrics: string;
  database: StatementAnswer;
}

/** Messages from the primary process to a worker. They arrive in order. */
export type ToWorker =
  /** Begin, with the validated configuration as JSON, and the address of the primary's embedded engine. */
  | { type: 'start'; config: GatewayConfig; engine?: EngineAddress | undefined; drained: string[]; workerCount: number }
  /** Serve this connection, which comes along. Answered with `taken`. */
  | { type: 'connection' }
  /** The upstreams and API keys of a new configuration. */
  | { type: 'config'; config: GatewayConfig }
  /** Where the embedded engine listens now; without an address, nowhere for the moment. */
  | { type: 'engine'; engine?: EngineAddress | undefined }
  /** The upstreams that an operator has taken out of service. */
  | { type: 'drained'; upstreams: string[] }
  /** So many more slots of an upstream are yours. */
  | { type: 'granted'; upstream: string; count: number }
  /** Every slot of the upstream is taken; you are on the list for the next one. */
  | { type: 'full'; upstream: string }
  /** Others want slots of the upstream: give back what you do not use, or what gets free next. Answered with `returned`. */
  | { type: 'recalled'; upstream: string }
  /** The answer to the question with this id. */
  | { type: 'answer'; id: number; answer: Answers[keyof Answers] }
  /** Answered with `metrics`. */
  | { type: 'reportMetrics' }
  /** Another worker replaces you: end each connection after its next answer, and then yourself. */
  | { type: 'retire' }
  /** The gateway is going to end: say in `/readyz` that it is not ready, and serve on. */
  | { type: 'announceEnd' }
  /** Something was written to the embedded database. */
  | { type: 'databaseChanged' }
  /** No connection comes any more: let what is under way end within the limit, then end. */
  | { type: 'drain' };

/** Messages from a worker to the primary process. */
export type ToPrimary =
  /** It has loaded its code and waits for `start`. */
  | { type: 'hello' }
  | { type: 'serving' }
  /** It cannot start; the reason is for whoever starts the gateway. */
  | { type: 'failed'; reason: string }
  /** After an uncaught fault: send it nothing new; it ends after its last answer. Answered with `drain`. */
  | { type: 'failing' }
  | { type: 'taken' }
  /** An operator takes the upstream out of service, or back: for all workers. Answered with `drained`. */
  | { type: 'drainUpstream'; upstream: string; isDrained: boolean }
  /** Answered with `answer`. */
  | (Question & { id: number })
  /** It has written to the embedded database: for all workers. */
  | { type: 'databaseChanged' }
  /** A slot of the upstream. Another name in the configuration has one that discovery has found. */
  | { type: 'wanted'; upstream: string; configured: string }
  | { type: 'returned'; upstream: string; count: number }
  | { type: 'settle'; request: ReserveRequest }
  | { type: 'renew'; requests: readonly ReserveRequest[] }
  | { type: 'metrics'; snapshot: MetricsSnapshot };
