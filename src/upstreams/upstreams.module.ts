import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { DnsDiscovery } from './dns-discovery.js';
import { UpstreamProbe } from './upstream-probe.js';
import { UpstreamRegistry } from './upstream-registry.js';
import { UpstreamWatch } from './upstream-watch.js';

/** Control calls are rare: their connections are not kept. */
const control = HttpModule.register({ httpAgent: new HttpAgent(), httpsAgent: new HttpsAgent() });

@Module({
  imports: [control],
  providers: [UpstreamRegistry, DnsDiscovery, UpstreamProbe, UpstreamWatch],
  exports: [UpstreamRegistry, UpstreamProbe, UpstreamWatch],
})
export class UpstreamsModule {}
