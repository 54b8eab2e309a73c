import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AdminModule } from './admin/admin.module.js';
import { AdministrationModule } from './admin/administration.module.js';
import { AuthGuard } from './auth/auth.guard.js';
import { AuthModule } from './auth/auth.module.js';
import { CompletionsModule } from './completions/completions.module.js';
import type { GatewayConfig } from './config/config.js';
import { ConsoleModule } from './console/console.module.js';
import { ConfigModule } from './config/config.module.js';
import { ErrorFilter } from './errors/error.filter.js';
import { HealthModule } from './health/health.module.js';
import type { RemoteStore } from './limits/guarded-store.js';
import { LimitsModule } from './limits/limits.module.js';
import { ModelsModule } from './models/models.module.js';
import type { Clock } from './common/clock.js';
import type { Logger } from './observability/logger.js';
import { ObservabilityModule } from './observability/observability.module.js';
import type { Storage } from './storage/storage.js';
import { StorageModule } from './storage/storage.module.js';
import { UsageModule } from './usage/usage.module.js';
import { alone, type Sharing, SharingModule } from './upstreams/sharing.js';

export interface AppParts {
  config: GatewayConfig;
  logger: Logger;
  clock: Clock;
  /** What it shares with other processes; without it, nothing. */
  sharing?: Sharing;
  /** What is used of the limits, where another process of this gateway keeps it. */
  sharedLimits?: RemoteStore;
  /** Where organizations and keys are kept; without it, in the configuration alone. */
  storage?: Storage | undefined;
}

/**
 * Every module, floor by floor, and what runs around each request, in running order: the exchange (see `createApp`), the
 * guard, the body and its pipe (on the route), the handler, the filter.
 */
@Module({})
export class AppModule {
  static forRoot({ config, logger, clock, sharing = alone, sharedLimits, storage }: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        ObservabilityModule.forRoot(logger, clock),
        SharingModule.forRoot(sharing),
        StorageModule.forRoot(storage),
        AuthModule,
        LimitsModule.forRoot(sharedLimits),
        UsageModule,
        CompletionsModule,
        ModelsModule,
        HealthModule,
        AdminModule,
        AdministrationModule,
        ConsoleModule,
      ],
      providers: [
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useClass: ErrorFilter },
      ],
    };
  }
}
