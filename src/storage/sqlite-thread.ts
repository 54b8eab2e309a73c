/**
 * The thread in which the embedded database runs: SQLite answers within the call, and a durable write waits for the disk, which
 * no event loop that serves has time for. It stands alone, since it runs as it is, without the bundle.
 */
import { parentPort, workerData } from 'node:worker_threads';

// Node 24 calls its SQLite experimental, once, on standard error.
process.emitWarning = () => undefined;
const { DatabaseSync } = await import('node:sqlite');

type Value = null | number | bigint | string | Uint8Array;

interface Statement {
  id: number;
  sql: string;
  parameters: Value[];
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
    // A statement that gives no columns gives no rows.
    if (statement.columns().length > 0) return { rows: statement.all(...parameters) };
    return { rows: [], changes: Number(statement.run(...parameters).changes) };
  });
});
