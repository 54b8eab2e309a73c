import { Module } from '@nestjs/common';
import { AdministrationModule } from './administration.module.js';
import { UpstreamsModule } from '../upstreams/upstreams.module.js';
import { UpstreamsAdminController } from './upstreams-admin.controller.js';

@Module({ imports: [AdministrationModule, UpstreamsModule], controllers: [UpstreamsAdminController] })
export class AdminModule {}
