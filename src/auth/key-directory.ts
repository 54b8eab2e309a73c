import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { hashApiKey } from '../config/api-key-hash.js';
import type { ScopeLimits } from '../config/config.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import { databaseUnavailable } from '../storage/database-unavailable.js';
import type { ApiKeyRow, OrganizationRow, ProjectRow } from '../storage/schema.js';
import { type Storage, STORAGE } from '../storage/storage.js';
import type { Authenticator, ClaimedTenant } from './authenticator.js';
import type { Caller } from './caller.js';
import { type KeyOwner, StoredKey, StoredProject } from './stored-key.js';

/** Between two polls of the database without a notification. */
const POLL_MS = 5_000;

/** After this long without a successful read, an unknown key may be a new one: 503, not 401. */
const STALE_MS = 10_000;

const KEY_COLUMNS = [
  'id',
  'hash',
  'kind',
  'organization_id',
  'project_id',
  'is_instance_admin',
  'expires_at',
  'deleted_at',
  'limits',
] as const satisfies (keyof ApiKeyRow)[];

/** Keys that are read at a time: all at once would be in memory twice. */
const PAGE_SIZE = 1_000;

interface Changes {
  upTo: number;
  organizations: Pick<OrganizationRow, 'id' | 'archived_at' | 'limits'>[];
  projects: ProjectRow[];
}

/** The limits of the database, by the ids of those that have any. */
export interface StoredLimits {
  key: Map<string, ScopeLimits>;
  project: Map<string, ScopeLimits>;
  organization: Map<string, ScopeLimits>;
}

/**
 * All keys of the database, in memory: a request never waits for the database. It is read at the start, on a notification,
 * and every 5 s; changes are found by revision.
 */
@Injectable()
export class KeyDirectory implements Authenticator, KeyOwner, OnApplicationBootstrap, OnModuleDestroy {
  private readonly byHash = new Map<string, StoredKey>();
  private readonly projects = new Map<string, StoredProject>();
  private readonly texts = new Map<string, string>();
  private readonly archivedOrganizations = new Set<string>();
  private readonly limits: StoredLimits = { key: new Map(), project: new Map(), organization: new Map() };
  private notifyLimits: (limits: StoredLimits) => void = () => undefined;
  private revision = -1;
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;
  private isMissingNews = false;
  private isDown = false;
  private timer: Timer | undefined;

  constructor(
    @Inject(STORAGE) private readonly storage: Storage | undefined,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Without an answer from the database the gateway starts anyway, and retries. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.storage) return;
    this.storage.onChange(() => void this.refresh());
    await this.refresh();
  }

  onModuleDestroy(): void {
    this.timer?.cancel();
  }

  /** Calls the listener after each read that found changes. */
  onLimits(listener: (limits: StoredLimits) => void): void {
    this.notifyLimits = listener;
  }

  /** Whether the keys were read at least once. */
  get isLoaded(): boolean {
    return !this.storage || this.revision >= 0;
  }

  authenticate(bearer: string, claimed: ClaimedTenant): Caller | undefined {
    if (!this.storage) return undefined;
    const key = this.byHash.get(hashApiKey(bearer));
    if (key) return key.authorize(claimed, Math.floor(this.clock.now() / 1000));
    if (this.clock.now() - this.readAt > STALE_MS) throw databaseUnavailable(new Error('the keys in memory are stale'));
    return undefined;
  }

  shared(text: string): string {
    const known = this.texts.get(text) ?? text;
    this.texts.set(known, known);
    return known;
  }

  projectOf(id: string): StoredProject | undefined {
    return this.projects.get(id);
  }

  isArchived(organization: string): boolean {
    return this.archivedOrganizations.has(organization);
  }

  /** Ids of the keys that were used since the last call, and when, in Unix seconds. */
  *takeUses(): Iterable<[id: string, usedAt: number]> {
    for (const key of this.byHash.values()) {
      const usedAt = key.takeUse();
      if (usedAt !== undefined) yield [key.id, usedAt];
    }
  }

  /** Reads what has changed. Calls during a read share one further read. */
  async refresh(): Promise<void> {
    if (this.reading) {
      this.isMissingNews = true;
      return this.reading;
    }
    this.reading = this.readAll();
    try {
      await this.reading;
    } finally {
      this.reading = undefined;
    }
  }

  private async readAll(): Promise<void> {
    this.timer?.cancel();
    do {
      this.isMissingNews = false;
      await this.readOnce();
      // `refresh` may have set it meanwhile.
    } while (this.isMissingNews as boolean);
    this.timer = this.clock.timer(POLL_MS, () => void this.refresh());
  }

  private async readOnce(): Promise<void> {
    try {
      const begunAt = this.clock.now();
      const changes = await this.changes();
      if (changes) {
        this.take(changes);
        await this.readKeys();
        this.notifyLimits(this.limits);
        // Last: after a failure, everything since the old revision is read again.
        this.revision = changes.upTo;
      }
      this.readAt = begunAt;
      if (this.isDown) this.logger.info('the database answers again');
      this.isDown = false;
    } catch (err) {
      if (!this.isDown) {
        const keys = this.byHash.size;
        this.logger.error({ err, keys }, 'the database does not answer: known keys stay valid, retrying every 5 s');
      }
      this.isDown = true;
    }
  }

  private async changes(): Promise<Changes | undefined> {
    if (!this.storage) return undefined;
    const { revision } = this;
    if (revision < 0) await this.storage.migrate();
    return this.storage.read(async (db) => {
      const { value: upTo } = await db.selectFrom('revisions').select('value').executeTakeFirstOrThrow();
      if (upTo === revision) return undefined;
      const organizations = await db
        .selectFrom('organizations')
        .select(['id', 'archived_at', 'limits'])
        .where('revision', '>', revision)
        .execute();
      const projects = await db.selectFrom('projects').selectAll().where('revision', '>', revision).execute();
      return { upTo, organizations, projects };
    });
  }

  private take({ organizations, projects }: Changes): void {
    for (const { id, archived_at: archivedAt, limits } of organizations) {
      take(this.limits.organization, id, limits);
      if (archivedAt === null) this.archivedOrganizations.delete(id);
      else this.archivedOrganizations.add(id);
    }
    for (const row of projects) {
      take(this.limits.project, row.id, row.limits);
      this.projects.set(row.id, new StoredProject(row));
    }
  }

  private async readKeys(): Promise<void> {
    for (let after = ''; ;) {
      const rows = await this.keysAfter(after);
      for (const row of rows) {
        take(this.limits.key, row.id, row.deleted_at === null ? row.limits : null);
        if (row.deleted_at === null) this.byHash.set(row.hash, new StoredKey(row, this));
        else this.byHash.delete(row.hash);
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE_SIZE) return;
      after = last.id;
    }
  }

  private async keysAfter(after: string): Promise<Pick<ApiKeyRow, (typeof KEY_COLUMNS)[number]>[]> {
    const { storage, revision } = this;
    if (!storage) return [];
    return storage.read((db) =>
      db
        .selectFrom('api_keys')
        .select(KEY_COLUMNS)
        .where('revision', '>', revision)
        .where('id', '>', after)
        .orderBy('id')
        .limit(PAGE_SIZE)
        .execute(),
    );
  }
}

function take(limits: Map<string, ScopeLimits>, id: string, text: string | null): void {
  if (text === null) limits.delete(id);
  else limits.set(id, JSON.parse(text) as ScopeLimits);
}
