import { type Dialect, PostgresDialect } from 'kysely';
import pg from 'pg';

/** `int8` in `pg_type`. */
const INT8_OID = 20;

/** Milliseconds. An administrator waits; what cannot be had in that time is a 503. */
const CONNECT_MS = 2_000;
const STATEMENT_MS = 5_000;

/** PostgreSQL's `int8` is a text to `pg`, since it may be too large for a number. Seconds and counts are not. */
const types = new pg.TypeOverrides();
types.setTypeParser(INT8_OID, Number);

export function connectionOptions(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'completions-gateway',
    keepAlive: true,
    types,
  };
}

/** `onIdleError`: an idle connection was lost. */
export function postgresDialect(url: string, onIdleError: (error: Error) => void): Dialect {
  const pool = new pg.Pool({
    ...connectionOptions(url),
    max: 4,
    idleTimeoutMillis: 30_000,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS,
    allowExitOnIdle: true,
  });
  pool.on('error', onIdleError);
  // Between two statements of a transaction there is no listener: the next one fails with the error.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new PostgresDialect({ pool });
}
