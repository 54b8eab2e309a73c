import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { UpstreamProbe } from './upstream-probe.js';
import { UpstreamRegistry } from './upstream-registry.js';

@Module({
  imports: [HttpModule],
  providers: [UpstreamRegistry, UpstreamProbe],
  exports: [UpstreamRegistry, UpstreamProbe],
})
export class UpstreamsModule {}
