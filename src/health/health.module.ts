import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { UpstreamsModule } from '../upstreams/upstreams.module.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';
import { ReadinessService } from './readiness.service.js';
import { ShutdownState } from './shutdown.js';

@Module({
  imports: [AuthModule, UpstreamsModule],
  controllers: [HealthController, MetricsController],
  providers: [ReadinessService, ShutdownState],
})
export class HealthModule {}
