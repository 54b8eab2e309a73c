import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AccessLog } from './access-log.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { ExchangeMetrics } from './exchange-metrics.js';
import { ExchangeObservers } from './exchange-observers.js';
import { RANDOM } from '../common/random.js';
import { LOGGER, type Logger, lostLineCount } from './logger.js';
import { GatewayConfig } from '../config/config.js';
import { Tracing } from './tracing/tracing.js';
import { Metrics } from './metrics.js';

/** Provides the logger, the metrics, tracing, the observers of exchanges, the clock and random numbers. */
@Global()
@Module({})
export class ObservabilityModule {
  static forRoot(logger: Logger, clock: Clock): DynamicModule {
    return {
      module: ObservabilityModule,
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: CLOCK, useValue: clock },
        { provide: RANDOM, useValue: Math.random },
        {
          provide: Metrics,
          inject: [GatewayConfig],
          useFactory: ({ tracing }: GatewayConfig) => metricsOf(logger, tracing.endpoint !== undefined),
        },
        {
          provide: Tracing,
          inject: [GatewayConfig, Metrics],
          useFactory: ({ tracing }: GatewayConfig, metrics: Metrics) => Tracing.start(tracing, clock, metrics, logger),
        },
        {
          provide: ExchangeObservers,
          inject: [Metrics, Tracing],
          useFactory: (metrics: Metrics, { tracer }: Tracing) => {
            const observers = new ExchangeObservers(logger, clock, metrics.observerFaults)
              .add('access_log', new AccessLog(logger))
              .add('metrics', new ExchangeMetrics(metrics));
            return tracer ? observers.add('tracing', tracer) : observers;
          },
        },
      ],
      exports: [LOGGER, CLOCK, RANDOM, Metrics, ExchangeObservers, Tracing],
    };
  }
}

/** The metrics of this process, including the lost lines of its log. */
export function metricsOf(logger: Logger, hasExemplars = false): Metrics {
  const metrics = new Metrics(hasExemplars);
  metrics.countLostLines(() => lostLineCount(logger));
  return metrics;
}
