import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { UpstreamProbe } from './upstream-probe.js';
import { UpstreamRegistry } from './upstream-registry.js';
import { UpstreamWatch } from './upstream-watch.js';

@Module({
  imports: [HttpModule],
  providers: [UpstreamRegistry, UpstreamProbe, UpstreamWatch],
  exports: [UpstreamRegistry, UpstreamProbe],
})
export class UpstreamsModule {}
