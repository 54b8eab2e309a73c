/** A value that a statement is given. */
export type Value = null | number | bigint | string | Uint8Array;

/** As the only parameter of a statement: it runs once for each row, in the thread of the database. */
export interface EachRow {
  /** A JSON list of objects. */
  json: string;
  /** The fields that are the parameters, in order. */
  names: readonly string[];
}

export interface Rows {
  rows: object[];
  /** Rows that an UPDATE, INSERT or DELETE has changed. */
  changes: number;
}

/** What the process or thread with the database answers to one statement. */
export interface StatementAnswer extends Partial<Rows> {
  error?: { message: string; code?: number };
}

/** The embedded database, held by one user at a time: what runs between two statements of a transaction is part of it. */
export interface Lease {
  /** @throws {DatabaseError} */
  execute(sql: string, parameters: readonly unknown[]): Promise<Rows>;
  release(): void;
}

/** Who gives out leases, in the order in which they are asked for. */
export interface LeaseSource {
  acquire(): Promise<Lease>;
  close(): Promise<void>;
}

/** An error of SQLite. `code` is its extended result code (https://www.sqlite.org/rescode.html). */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';

  constructor(
    message: string,
    readonly code: number | undefined,
  ) {
    super(message);
  }
}

/** @throws {DatabaseError} the answer's error. */
export function rowsOf({ error, rows = [], changes = 0 }: StatementAnswer): Rows {
  if (error) throw new DatabaseError(error.message, error.code);
  return { rows, changes };
}
