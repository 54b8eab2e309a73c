/**
 * The thread in which the embedded database runs: SQLite answers within the call, and a durable write waits for the disk, which
 * no event loop that serves has time for. It stands alone, since it runs as it is, without the bundle.
 */
import type { StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

// Node 24 calls its SQLite experimental, once, on standard error.
process.emitWarning = () => undefined;
const { DatabaseSync } = await import('node:sqlite');

type Value = null | number | bigint | string | Uint8Array;

/** `lease.ts` has it too. */
interface EachRow {
  json: string;
  names: readonly string[];
}

interface Statement {
  id: number;
  sql: string;
  parameters: Value[] | [EachRow];
}

const port = parentPort;
if (!port) throw new Error('this is a worker thread, and no program of its own');

/** One process holds the file: another is refused at once, and a process that was killed holds nothing. */
const OPEN = [
  'PRAGMA locking_mode = EXCLUSIVE',
  'PRAGMA journal_mode = WAL',
  // What was acknowledged survives a power cut.
  'PRAGMA synchronous = FULL',
  'PRAGMA foreign_keys = ON',
  'BEGIN IMMEDIATE',
  'COMMIT',
];

function answer(id: number, run: () => object): void {
  try {
    port?.postMessage({ id, ...run() });
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    port?.postMessage({ id, error: { message, code: errcode } });
  }
}

const database = new DatabaseSync((workerData as { path: string }).path);
answer(0, () => {
  for (const sql of OPEN) database.exec(sql);
  return {};
});

port.on('message', ({ id, sql, parameters }: Statement) => {
  if (sql === '') {
    database.close();
    port.close();
    return;
  }
  answer(id, () => {
    const statement = database.prepare(sql);
    const [first] = parameters;
    if (isEachRow(first)) return { rows: [], changes: runEach(statement, first) };
    // A statement that gives no columns gives no rows.
    const values = parameters as Value[];
    if (statement.columns().length > 0) return { rows: statement.all(...values) };
    return { rows: [], changes: Number(statement.run(...values).changes) };
  });
});

function isEachRow(parameter: Value | EachRow | undefined): parameter is EachRow {
  return typeof parameter === 'object' && parameter !== null && 'json' in parameter;
}

function runEach(statement: StatementSync, { json, names }: EachRow): number {
  let changes = 0;
  for (const row of JSON.parse(json) as Record<string, Value>[]) {
    changes += Number(statement.run(...names.map((name) => row[name] ?? null)).changes);
  }
  return changes;
}
