import { Inject, Injectable, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { join } from 'node:path';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { GatewayConfig } from '../config/config.js';
import { ExchangeObservers } from '../observability/exchange-observers.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { type Storage, STORAGE } from '../storage/storage.js';
import { UsageRecorder } from './usage-recorder.js';
import { UsageSpool } from './usage-spool.js';
import { UsageTables } from './usage-tables.js';

const FORGET_EVERY_MS = 3_600_000;
const DAY_S = 86_400;

/** Keeps the usage of this process where there is a database, for as long as the configuration says. */
@Injectable()
export class UsageKeeping implements OnApplicationBootstrap, OnApplicationShutdown {
  private recorder: UsageRecorder | undefined;
  private timer: Timer | undefined;

  constructor(
    @Inject(STORAGE) private readonly storage: Storage | undefined,
    private readonly config: GatewayConfig,
    private readonly observers: ExchangeObservers,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { storage, config, metrics, clock, logger } = this;
    if (!storage) return;
    const tables = new UsageTables(storage);
    const onDrop = (rows: number): void => {
      metrics.usageRows.inc({ outcome: 'dropped' }, rows);
      logger.error({ rows }, 'the oldest usage that waits on disk is given up: there is no room for it');
    };
    const spool = new UsageSpool(join(config.dataDir, 'usage-spool'), config.usage.spoolBytes, onDrop);
    this.recorder = new UsageRecorder(tables, spool, clock, metrics, logger);
    this.observers.add('usage', this.recorder);
    this.recorder.begin();
    this.forgetLater(tables);
  }

  async onApplicationShutdown(): Promise<void> {
    this.timer?.cancel();
    await this.recorder?.close();
  }

  private forgetLater(tables: UsageTables): void {
    this.timer = this.clock.timer(FORGET_EVERY_MS, () => {
      const before = Math.floor(this.clock.now() / 1000) - this.config.usage.retentionDays * DAY_S;
      tables
        .forget(before)
        .catch((err: unknown) => this.logger.warn({ err }, 'old usage could not be deleted'))
        .finally(() => this.forgetLater(tables));
    });
  }
}

@Module({ providers: [UsageKeeping] })
export class UsageModule {}
