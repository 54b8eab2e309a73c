import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.js';

/** The database of the gateway, whichever it is. */
export interface Storage {
  readonly kind: 'embedded' | 'postgres';
  /** Rows as they are now. @throws {ApiError} 503 when the database does not answer. */
  read<T>(query: (db: Kysely<Schema>) => Promise<T>): Promise<T>;
  /**
   * Runs one transaction. Changed rows that processes keep in memory get `revision`, and all processes are notified.
   *
   * @throws {ApiError} 503 when the database does not answer or cannot write; then nothing of it was written.
   */
  write<T>(change: (trx: Transaction<Schema>, revision: number) => Promise<T>): Promise<T>;
  /** Calls the listener after writes of any process; writes may be merged or missed. */
  onChange(listener: () => void): void;
  /** Call when another process reports a write. */
  changed(): void;
  /** Brings the tables up to date. @throws {Error} in words for an operator, when the database is newer than the program. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}

export const STORAGE = Symbol('storage');
