import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Lease, LeaseSource } from './lease.js';

/** Kysely on the embedded database, wherever it runs. */
export function sqliteDialect(source: LeaseSource): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new LeaseDriver(source),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class LeaseDriver implements Driver {
  constructor(private readonly source: LeaseSource) {}

  async init(): Promise<void> {
    // It was opened before.
  }

  async acquireConnection(): Promise<LeasedConnection> {
    return new LeasedConnection(await this.source.acquire());
  }

  async beginTransaction(connection: LeasedConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: LeasedConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: LeasedConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('rollback'));
    } catch {
      // A full disk has ended the transaction already (https://www.sqlite.org/lang_transaction.html, "automatic rollback").
    }
  }

  releaseConnection(connection: LeasedConnection): Promise<void> {
    connection.lease.release();
    return Promise.resolve();
  }

  async destroy(): Promise<void> {
    await this.source.close();
  }
}

class LeasedConnection implements DatabaseConnection {
  constructor(readonly lease: Lease) {}

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = await this.lease.execute(sql, parameters);
    return { rows: rows as R[], numAffectedRows: BigInt(changes) };
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the embedded database answers whole');
  }
}
