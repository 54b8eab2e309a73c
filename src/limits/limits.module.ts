import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { GatewayConfig } from '../config/config.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { GuardedStore, type RemoteStore } from './guarded-store.js';
import { LIMIT_STORE, Limiter } from './limiter.js';
import type { LimitStore } from './limit-store.js';
import { MemoryStore } from './memory-store.js';

/** Gives the `Limiter` to whoever injects it. */
@Global()
@Module({})
export class LimitsModule {
  /** `shared` is kept by another process of this gateway, for all of its workers. */
  static forRoot(shared: RemoteStore | undefined): DynamicModule {
    const useFactory = async (
      { limits: { store, onStoreFailure } }: GatewayConfig,
      clock: Clock,
      metrics: Metrics,
      logger: Logger,
    ): Promise<LimitStore> => {
      if (store === 'memory' && !shared) return new MemoryStore(clock);
      const remote = shared ?? (await (await import('./redis-store.js')).RedisStore.open(store, clock));
      return new GuardedStore(remote, onStoreFailure, clock, metrics, logger);
    };
    return {
      module: LimitsModule,
      imports: [AuthModule],
      providers: [{ provide: LIMIT_STORE, inject: [GatewayConfig, CLOCK, Metrics, LOGGER], useFactory }, Limiter],
      exports: [Limiter],
    };
  }
}
