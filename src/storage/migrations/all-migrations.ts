import type { Migration } from 'kysely/migration';
import { identity } from './identity.js';
import { limits } from './limits.js';
import { usage } from './usage.js';
import { usagePartitions } from './usage-partitions.js';

/**
 * In the order in which they run, which is that of their names. Migrations only add: what a replica of the previous release
 * reads and writes stays, and is removed one release later.
 */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '2026-11-26-identity': identity,
  '2026-11-26-usage': usage,
  '2026-11-27-limits': limits,
  '2026-11-27-usage-partitions': usagePartitions,
};
