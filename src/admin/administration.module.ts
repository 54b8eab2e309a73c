import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ModelsModule } from '../models/models.module.js';
import { AdminKeysController } from './admin-keys.controller.js';
import { AdminKeysService } from './admin-keys.service.js';
import { Administration } from './administration.js';
import { AuditLogsController } from './audit-logs.controller.js';
import { AuditLogsService } from './audit-logs.service.js';
import { KeyUses } from './key-uses.js';
import { LimitsController } from './limits.controller.js';
import { LimitsService } from './limits.service.js';
import { OrganizationsController } from './organizations.controller.js';
import { OrganizationsService } from './organizations.service.js';
import { ProjectKeysController } from './project-keys.controller.js';
import { ProjectKeysService } from './project-keys.service.js';
import { ProjectsController } from './projects.controller.js';
import { ProjectsService } from './projects.service.js';
import { RateLimitsController } from './rate-limits.controller.js';
import { RateLimitsService } from './rate-limits.service.js';
import { ServiceAccountsController } from './service-accounts.controller.js';
import { ServiceAccountsService } from './service-accounts.service.js';
import { UsageController } from './usage.controller.js';
import { UsageRequestsService } from './usage-requests.service.js';
import { UsageService } from './usage.service.js';

/** OpenAI's administration API, and DeepFellow's organizations. It has a document of its own. */
@Module({
  imports: [AuthModule, ModelsModule],
  controllers: [
    OrganizationsController,
    ProjectsController,
    ProjectKeysController,
    RateLimitsController,
    ServiceAccountsController,
    AdminKeysController,
    AuditLogsController,
    UsageController,
    LimitsController,
  ],
  providers: [
    Administration,
    OrganizationsService,
    ProjectsService,
    ProjectKeysService,
    RateLimitsService,
    ServiceAccountsService,
    AdminKeysService,
    AuditLogsService,
    UsageService,
    LimitsService,
    UsageRequestsService,
    KeyUses,
  ],
  exports: [Administration],
})
export class AdministrationModule {}
