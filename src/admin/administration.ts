import { Inject, Injectable } from '@nestjs/common';
import type { Kysely, Transaction } from 'kysely';
import { KeyDirectory } from '../auth/key-directory.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { ApiError } from '../errors/api-error.js';
import type { Schema } from '../storage/schema.js';
import { type Storage, STORAGE } from '../storage/storage.js';
import type { Actor } from './actor.js';
import { audit, type AuditEvent } from './audit-log.js';

/** The context of one change. */
export interface Change {
  trx: Transaction<Schema>;
  revision: number;
  /** Unix seconds. */
  now: number;
  audit: (event: AuditEvent) => Promise<void>;
}

/** Reads and changes the database for administrators. */
@Injectable()
export class Administration {
  constructor(
    @Inject(STORAGE) private readonly storage: Storage | undefined,
    private readonly directory: KeyDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Unix seconds. */
  get now(): number {
    return Math.floor(this.clock.now() / 1000);
  }

  get hasDatabase(): boolean {
    return this.storage !== undefined;
  }

  /** @throws {ApiError} 404 without a database, 503 when it does not answer. */
  read<T>(query: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    return this.database.read(query);
  }

  /** Runs one transaction with its audit events. When it resolves, the change is in force in this process. */
  async write<T>(actor: Pick<Actor, 'keyId' | 'ip'>, change: (change: Change) => Promise<T>): Promise<T> {
    const { now } = this;
    const result = await this.database.write((trx, revision) =>
      change({ trx, revision, now, audit: (event) => audit(trx, actor, now, event) }),
    );
    await this.directory.refresh();
    return result;
  }

  /**
   * The organization to administer: the actor's, or the first one for an administrator of the gateway who names none.
   *
   * @throws {ApiError} 404 when it is not in the database.
   */
  async organizationOf({ organization }: Actor): Promise<string> {
    const found = await this.read((db) => {
      const organizations = db.selectFrom('organizations').select('id').where('archived_at', 'is', null);
      const wanted = organization === undefined ? organizations : organizations.where('id', '=', organization);
      return wanted.orderBy('created_at').orderBy('id').executeTakeFirst();
    });
    if (found) return found.id;
    throw new ApiError(
      404,
      'not_found',
      organization === undefined
        ? 'There is no organization yet: an administrator of the gateway creates one with POST /admin/organization.'
        : `The organization ${organization} is not in the database: an administrator of the gateway creates it with POST /admin/organization and this id.`,
    );
  }

  private get database(): Storage {
    if (this.storage) return this.storage;
    throw noDatabase();
  }
}

export function notFound(what: string): ApiError {
  return new ApiError(404, 'not_found', `There is no such ${what}.`);
}

export function readOnly(what: string): ApiError {
  return new ApiError(
    400,
    'read_only',
    `This ${what} comes from the gateway's configuration, and can only be changed there.`,
  );
}

export function noDatabase(): ApiError {
  return new ApiError(
    404,
    'no_database',
    'This gateway has no database, so its keys are those of its configuration: set `database` (or DATABASE) to administer them here.',
  );
}
