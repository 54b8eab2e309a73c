import { Module } from '@nestjs/common';
import { UpstreamsModule } from '../upstreams/upstreams.module.js';
import { UpstreamsAdminController } from './upstreams-admin.controller.js';

@Module({ imports: [UpstreamsModule], controllers: [UpstreamsAdminController] })
export class AdminModule {}
