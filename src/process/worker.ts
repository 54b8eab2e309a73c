import type { NestExpressApplication } from '@nestjs/platform-express';
import { plainToInstance } from 'class-transformer';
import cluster from 'node:cluster';
import type { Socket } from 'node:net';
import { GatewayConfig, type ServerConfig } from '../config/config.js';
import { takeConfig } from './config-reload.js';
import { createApp } from './create-app.js';
import { ShutdownState } from '../health/shutdown.js';
import { OpenConnections } from '../http/open-connections.js';
import type { Service, Shutdown } from './shut-down.js';
import { explainStartFailure } from './start-failure.js';
import { systemClock } from '../common/clock.js';
import { createSharedLogger, type Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import type { Storage } from '../storage/storage.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';
import { HandedConnections } from './workers/handed-connections.js';
import type { ToWorker } from './workers/messages.js';
import { PrimaryChannel } from './workers/primary-channel.js';
import { PrimaryLimitStore } from './workers/primary-limit-store.js';
import { openWorkerStorage } from './workers/worker-storage.js';
import { WorkerSharing } from './workers/worker-sharing.js';

/** One of the processes that serve when `server.workers` is more than 1: the whole application, but for the port. */
export async function runWorker(shutdown: Shutdown): Promise<void> {
  // Ctrl-C and many supervisors signal every process of the gateway. What follows is for the primary to say.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const channel = new PrimaryChannel();
  try {
    await GatewayWorker.start(channel, shutdown);
  } catch (error) {
    await channel.send({ type: 'failed', reason: explainStartFailure(error) });
    process.exit(1);
  }
}

/** Follows the primary process's messages. */
class GatewayWorker implements Service {
  private readonly connections: OpenConnections;
  private readonly handed: HandedConnections;
  /** Resolves when no connection comes any more. */
  private readonly released = Promise.withResolvers<void>();
  private isReleased = false;

  private constructor(
    private readonly app: NestExpressApplication,
    private readonly config: GatewayConfig,
    private readonly sharing: WorkerSharing,
    private readonly channel: PrimaryChannel,
    private readonly storage: Storage | undefined,
    private readonly logger: Logger,
    private readonly shutdown: Shutdown,
  ) {
    this.connections = new OpenConnections(app.getHttpServer(), systemClock);
    this.handed = new HandedConnections(app.getHttpServer());
  }

  static async start(channel: PrimaryChannel, shutdown: Shutdown): Promise<void> {
    const start = await channel.start();
    const config = toConfig(start.config);
    const logger = createSharedLogger(config.log.level, { worker: cluster.worker?.id });
    const sharing = new WorkerSharing(channel);
    const sharedLimits =
      config.limits.store === 'memory' ? new PrimaryLimitStore(channel, start.workerCount) : undefined;
    const storage = await openWorkerStorage(config, channel, logger);
    const shared = { sharing, storage, ...(sharedLimits && { sharedLimits }) };
    const app = await createApp({ config, logger, clock: systemClock, ...shared });
    const registry = app.get(UpstreamRegistry);
    registry.setEngineAddress(start.engine);
    registry.setDrained(start.drained);
    registry.onDrain = (upstream, isDrained) => void channel.send({ type: 'drainUpstream', upstream, isDrained });
    app.get(Metrics).readFrom(() => channel.ask({ type: 'readMetrics' }));
    await app.init();
    const worker = new GatewayWorker(app, config, sharing, channel, storage, logger, shutdown);
    shutdown.attach(worker, logger);
    channel.onMessage((message, socket) => worker.onMessage(message, socket));
    shutdown.started();
    await channel.send({ type: 'serving' });
  }

  endLimits(): Pick<ServerConfig, 'shutdownDelayMs' | 'drainTimeoutMs'> {
    return { shutdownDelayMs: 0, drainTimeoutMs: this.config.server.drainTimeoutMs };
  }

  announceEnd(): void {
    if (!this.isReleased) void this.channel.send({ type: 'failing' });
  }

  async drain(limitMs: number): Promise<void> {
    await this.released.promise;
    await this.connections.drain(limitMs);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.storage?.close();
    // What this worker has counted is not to be lost.
    await this.reportMetrics();
  }

  private onMessage(message: ToWorker, socket: Socket | undefined): void {
    switch (message.type) {
      case 'connection':
        // A client may have gone on the way. In either case the primary's end is to be closed.
        void this.channel.send({ type: 'taken' });
        if (socket) this.handed.receive(socket);
        break;
      case 'config':
        this.takeConfig(message.config);
        break;
      case 'engine':
        this.app.get(UpstreamRegistry).setEngineAddress(message.engine);
        break;
      case 'drained':
        this.app.get(UpstreamRegistry).setDrained(message.upstreams);
        break;
      case 'databaseChanged':
        this.storage?.changed();
        break;
      case 'granted':
        this.sharing.sharedSlotsOf(message.upstream)?.grant(message.count);
        break;
      case 'full':
        this.sharing.sharedSlotsOf(message.upstream)?.markFull();
        break;
      case 'recalled':
        this.sharing.sharedSlotsOf(message.upstream)?.recall();
        break;
      case 'reportMetrics':
        void this.reportMetrics();
        break;
      case 'retire':
        void this.retire();
        break;
      case 'announceEnd':
        this.app.get(ShutdownState).isAnnounced = true;
        break;
      case 'drain':
        this.release();
        this.shutdown.begin('the primary process says so');
        break;
      case 'start':
      case 'answer':
        break;
    }
  }

  private takeConfig(plain: GatewayConfig): void {
    try {
      takeConfig(this.app, toConfig(plain));
    } catch (err) {
      // The primary has found nothing wrong with it.
      this.logger.error({ err }, 'the new configuration cannot be taken');
    }
  }

  private async reportMetrics(): Promise<void> {
    const snapshot = await this.app.get(Metrics).registry.getMetricsAsJSON();
    await this.channel.send({ type: 'metrics', snapshot });
  }

  private async retire(): Promise<void> {
    this.logger.info('replaced by another worker; ending with the last connection');
    this.release();
    this.connections.endEachWithItsAnswer();
    await this.connections.ended();
    this.shutdown.begin('the last connection has ended');
  }

  private release(): void {
    this.isReleased = true;
    this.released.resolve();
  }
}

/** What JSON has made of the primary's configuration, as an object of its class again. */
function toConfig(plain: GatewayConfig): GatewayConfig {
  return plainToInstance(GatewayConfig, plain, { exposeDefaultValues: true });
}
