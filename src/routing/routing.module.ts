import { Module } from '@nestjs/common';
import { UpstreamsModule } from '../upstreams/upstreams.module.js';
import { Router } from './router.js';

@Module({ imports: [UpstreamsModule], providers: [Router], exports: [Router, UpstreamsModule] })
export class RoutingModule {}
