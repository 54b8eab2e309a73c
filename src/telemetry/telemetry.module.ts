import { type DynamicModule, Global, Inject, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { accessLog } from './access-log.js';
import { CLOCK, type Clock } from './clock.js';
import { LOGGER, type Logger } from './logger.js';

/** Request ids, the access log, the logger and the clock. */
@Global()
@Module({})
export class TelemetryModule implements NestModule {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  static forRoot(logger: Logger, clock: Clock): DynamicModule {
    return {
      module: TelemetryModule,
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: CLOCK, useValue: clock },
      ],
      exports: [LOGGER, CLOCK],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(accessLog(this.logger, this.clock)).forRoutes('{*path}');
  }
}
