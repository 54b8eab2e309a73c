import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { KeyDirectory } from '../auth/key-directory.js';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import { type Storage, STORAGE } from '../storage/storage.js';

const INTERVAL_MS = 60_000;

/** Writes when keys were last used: once a minute, and never during a request. */
@Injectable()
export class KeyUses implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: Timer | undefined;

  constructor(
    @Inject(STORAGE) private readonly storage: Storage | undefined,
    private readonly directory: KeyDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.storage) this.schedule();
  }

  async onApplicationShutdown(): Promise<void> {
    this.timer?.cancel();
    await this.write();
  }

  private schedule(): void {
    this.timer = this.clock.timer(INTERVAL_MS, () => void this.write().then(() => this.schedule()));
  }

  /** A failed write is not retried: the next use is written again. */
  private async write(): Promise<void> {
    const uses = [...this.directory.takeUses()];
    if (uses.length === 0) return;
    try {
      await this.storage?.read((db) =>
        db.transaction().execute(async (trx) => {
          for (const [id, usedAt] of uses) {
            await trx.updateTable('api_keys').set({ last_used_at: usedAt }).where('id', '=', id).execute();
          }
        }),
      );
    } catch (err) {
      this.logger.debug({ err }, 'the last use of keys could not be written');
    }
  }
}
