import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CLOCK, type Clock } from './clock.js';
import { RANDOM } from './random.js';
import { LOGGER, type Logger } from './logger.js';
import { Metrics } from './metrics.js';

/** Gives the logger, the metrics, the clock and chance to whoever injects them. */
@Global()
@Module({})
export class TelemetryModule {
  static forRoot(logger: Logger, clock: Clock): DynamicModule {
    return {
      module: TelemetryModule,
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: CLOCK, useValue: clock },
        { provide: RANDOM, useValue: Math.random },
        Metrics,
      ],
      exports: [LOGGER, CLOCK, RANDOM, Metrics],
    };
  }
}
