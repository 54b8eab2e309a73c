import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { UpstreamsModule } from '../upstreams/upstreams.module.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';
import { ReadinessService } from './readiness.service.js';
import { refuseWhileDraining, ShutdownState } from './shutdown.js';

@Module({
  imports: [UpstreamsModule],
  controllers: [HealthController, MetricsController],
  providers: [ReadinessService, ShutdownState],
})
export class HealthModule implements NestModule {
  constructor(private readonly shutdown: ShutdownState) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(refuseWhileDraining(this.shutdown)).exclude('livez', 'readyz', 'health').forRoutes('{*path}');
  }
}
