import { type Prepared } from './alone.js';
import { bannerOf } from './banner.js';
import { type GatewayConfig, ServerConfig } from '../config/config.js';
import { ConfigReload, type ReloadReason } from './config-reload.js';
import { listeningUrl } from '../http/listening-url.js';
import type { Service } from './shut-down.js';
import { systemClock } from '../common/clock.js';
import type { Metrics } from '../observability/metrics.js';
import { metricsOf } from '../observability/observability.module.js';
import { EmbeddedEngine, type EngineAddress } from '../upstreams/embedded-engine.js';
import { MemoryStore } from '../limits/memory-store.js';
import { Acceptor } from './workers/acceptor.js';
import type { Answers, ToPrimary, ToWorker } from './workers/messages.js';
import type { LeaseSource } from '../storage/lease.js';
import { MetricsSum } from './workers/metrics-sum.js';
import { SharedDatabase } from './workers/shared-database.js';
import { SharedLimits } from './workers/shared-limits.js';
import { type PoolOwner, WorkerPool } from './workers/worker-pool.js';
import type { WorkerProcess } from './workers/worker-process.js';

/** A worker that has not ended so long after its limit is stuck: the time is for lingering clients, and to close. */
const STUCK_AFTER_MS = 750;

export interface PrimaryParts extends Prepared {
  workerCount: number;
  /** The embedded database, which this process holds for the workers. */
  databaseFile: LeaseSource | undefined;
}

/** Supervises several worker processes until it is stopped. */
export async function runPrimary(parts: PrimaryParts): Promise<void> {
  await new Primary(parts).start();
}

/**
 * The process that supervises the workers, when `server.workers` is more than 1. It serves no request itself: it holds what
 * there is one of, the port, the embedded engine, the database, the limits and the sum of the metrics.
 */
class Primary implements PoolOwner, Service {
  private config: GatewayConfig;
  private engineAddress: EngineAddress | undefined;
  private isEndAnnounced = false;
  private readonly drained = new Set<string>();
  private readonly metrics: Metrics;
  private readonly acceptor = new Acceptor<WorkerProcess>(systemClock);
  private readonly pool: WorkerPool;
  private readonly engine: EmbeddedEngine | undefined;
  private readonly slots: SharedLimits;
  /** What is used of the limits of callers. */
  private readonly limits = new MemoryStore(systemClock);
  private readonly sum: MetricsSum;
  private readonly database: SharedDatabase | undefined;

  constructor(private readonly parts: PrimaryParts) {
    const { config, logger, workerCount } = parts;
    this.config = config;
    this.metrics = metricsOf(logger);
    this.pool = new WorkerPool(this, systemClock, logger);
    if (config.upstreams.length === 0) {
      const onMove = (address: EngineAddress | undefined): void => this.engineMoved(address);
      this.engine = new EmbeddedEngine(config.embedded.model, systemClock, logger, onMove);
    }
    const send = (id: number, message: ToWorker): void => this.workerOf(id)?.send(message);
    this.slots = new SharedLimits(workerCount, send);
    this.slots.replace(config.upstreams);
    if (parts.databaseFile) this.database = new SharedDatabase(parts.databaseFile);
    this.sum = new MetricsSum(
      () => this.pool.workers.filter(({ state }) => state !== 'starting').map(({ id }) => id),
      (id) => send(id, { type: 'reportMetrics' }),
      () => this.metrics.registry.getMetricsAsJSON(),
      systemClock,
    );
  }

  async start(): Promise<void> {
    const { config, logger, configFile, temporaryKey, firstKeys, workerCount, shutdown } = this.parts;
    shutdown.attach(this, logger);
    // Workers end with the channel to this process; one that is stuck would not notice.
    process.once('exit', () => this.pool.kill());
    await this.engine?.start();
    const url = listeningUrl(await this.acceptor.open(config.server.port, config.server.host));
    await this.pool.start(workerCount);
    shutdown.started();
    logger.info({ url, workers: workerCount }, 'listening');
    const reload = new ConfigReload(
      () => this.config,
      this.parts.load,
      (next, reason) => this.takeConfig(next, reason),
      this.metrics.configReloads,
      logger,
    );
    configFile.watch((reason) => {
      if (reload.run(reason) && reason === 'SIGHUP') this.pool.replaceAll();
    });
    const upstreams = this.engine
      ? [this.engine]
      : config.upstreams.map((each) => ({ config: each, baseUrl: each.baseUrl }));
    process.stderr.write(bannerOf({ url, config, upstreams, temporaryKey, firstKeys }));
  }

  endLimits(): GatewayConfig['server'] {
    return this.config.server;
  }

  announceEnd(): void {
    this.isEndAnnounced = true;
    this.pool.broadcast({ type: 'announceEnd' });
  }

  async drain(limitMs: number): Promise<void> {
    const limitAt = systemClock.now() + limitMs;
    await this.acceptor.close();
    // Until every connection is with a worker, one that dies is replaced.
    await this.acceptor.emptied(limitMs);
    this.pool.end();
    this.pool.broadcast({ type: 'drain' });
    await this.pool.ended(limitAt - systemClock.now() + STUCK_AFTER_MS);
  }

  async close(): Promise<void> {
    this.pool.end();
    await this.engine?.close('now');
    await this.parts.storage?.close();
  }

  startMessage(): ToWorker {
    return {
      type: 'start',
      config: this.configOfWorkers(),
      engine: this.engineAddress,
      drained: [...this.drained],
      workerCount: this.parts.workerCount,
    };
  }

  onServing(worker: WorkerProcess): void {
    if (this.isEndAnnounced) worker.send({ type: 'announceEnd' });
    this.acceptor.add(worker);
  }

  onRetiring(worker: WorkerProcess): void {
    this.acceptor.remove(worker);
  }

  onEnd(worker: WorkerProcess): void {
    this.acceptor.gone(worker);
    this.slots.gone(worker.id);
    this.sum.gone(worker.id);
    this.database?.gone(worker.id);
  }

  onMessage(worker: WorkerProcess, message: ToPrimary): void {
    const answer = ({ id }: { id: number }, value: Answers[keyof Answers]): void =>
      worker.send({ type: 'answer', id, answer: value });
    switch (message.type) {
      case 'taken':
        this.acceptor.taken(worker);
        break;
      case 'wanted':
        this.slots.wanted(worker.id, message.upstream, message.configured);
        break;
      case 'returned':
        this.slots.returned(worker.id, message.upstream, message.count);
        break;
      case 'drainUpstream':
        if (message.isDrained) this.drained.add(message.upstream);
        else this.drained.delete(message.upstream);
        this.pool.broadcast({ type: 'drained', upstreams: [...this.drained] });
        break;
      case 'reserve':
        answer(message, this.limits.reserve(message.request));
        break;
      case 'readLimits':
        answer(message, this.limits.used(message.claims));
        break;
      case 'settle':
        this.limits.settle(message.request);
        break;
      case 'renew':
        this.limits.renew(message.requests);
        break;
      case 'database':
        void this.database?.answerTo(worker.id, message).then((rows) => answer(message, rows));
        break;
      case 'databaseChanged':
        this.pool.broadcast({ type: 'databaseChanged' });
        break;
      case 'metrics':
        this.sum.reported(worker.id, message.snapshot);
        break;
      case 'readMetrics':
        void this.sum.read().then((text) => answer(message, text));
        break;
      case 'failing':
        this.pool.replaceFailing(worker);
        break;
      case 'hello':
      case 'serving':
      case 'failed':
        break;
    }
  }

  private workerOf(id: number): WorkerProcess | undefined {
    return this.pool.workers.find((worker) => worker.id === id);
  }

  /** On SIGHUP new workers come: for them more can change than for those that serve. */
  private takeConfig(next: GatewayConfig, reason: ReloadReason): GatewayConfig {
    const { server, log, routing, limits, embedded } = this.config;
    const { host, port, workers } = server;
    const changed =
      reason === 'SIGHUP'
        ? { server: Object.assign(new ServerConfig(), next.server, { host, port, workers }) }
        : { server, log, routing, limits };
    this.config = { ...next, ...changed, embedded };
    this.parts.logger.level = this.config.log.level;
    this.slots.replace(next.upstreams);
    this.pool.broadcast({ type: 'config', config: this.configOfWorkers() });
    return this.config;
  }

  /** Each worker has a queue of its own: together they hold as many as were configured. */
  private configOfWorkers(): GatewayConfig {
    const { routing } = this.config;
    const maxQueue = Math.ceil(routing.maxQueue / this.parts.workerCount);
    return { ...this.config, routing: { ...routing, maxQueue } };
  }

  private engineMoved(address: EngineAddress | undefined): void {
    this.engineAddress = address;
    this.pool.broadcast({ type: 'engine', engine: address });
  }
}
