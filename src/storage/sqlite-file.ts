import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PendingAnswers } from '../common/pending-answers.js';
import { ConfigError } from '../config/load-config.js';
import { DatabaseError, type Lease, type LeaseSource, type Rows, rowsOf, type StatementAnswer } from './lease.js';

const FILE = 'gateway.sqlite';

/** SQLITE_BUSY: another connection holds the file. */
const BUSY = 5;

interface Answer extends StatementAnswer {
  id: number;
}

/** The embedded database: a file in `folder`, opened by this process alone, in a thread of its own. */
export class SqliteFile implements LeaseSource {
  private readonly pending = new PendingAnswers<StatementAnswer>();
  /** The end of the last lease that was asked for. */
  private free: Promise<void> = Promise.resolve();
  private failure: Error | undefined;
  private readonly exited: Promise<void>;

  private constructor(private readonly thread: Worker) {
    thread.on('message', (answer: Answer) => this.take(answer));
    thread.on('error', (error) => this.fail(error as Error));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.exited = promise;
    thread.once('exit', () => {
      this.fail(new DatabaseError('the database was closed', undefined));
      resolve();
    });
  }

  /** @throws {ConfigError} with what to do, when the file cannot be opened. */
  static async open(folder: string): Promise<SqliteFile> {
    const path = join(folder, FILE);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const file = new SqliteFile(new Worker(threadFile(), { workerData: { path } }));
      await file.opened();
      return file;
    } catch (error) {
      const { message, code } = error as Error & { code?: number | string };
      const isHeld = typeof code === 'number' && (code & 0xff) === BUSY;
      throw new ConfigError(path, [
        isHeld
          ? 'another gateway uses this database: stop that one, or give this one a DATA_DIR of its own; several gateways share a PostgreSQL (DATABASE=postgres://…)'
          : `the database cannot be opened: ${message}; set DATA_DIR to a folder that can be written, or DATABASE=none`,
      ]);
    }
  }

  async acquire(): Promise<Lease> {
    const before = this.free;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.free = promise;
    await before;
    return { execute: (sql, parameters) => this.execute(sql, parameters), release: resolve };
  }

  /** Once what is under way has ended. */
  async close(): Promise<void> {
    const lease = await this.acquire();
    this.thread.ref();
    this.thread.postMessage({ id: 0, sql: '', parameters: [] });
    await this.exited;
    lease.release();
  }

  /** The thread answers the first question, which is not sent, when it has opened the file. */
  private opened(): Promise<Rows> {
    return this.ask(() => undefined);
  }

  private execute(sql: string, parameters: readonly unknown[]): Promise<Rows> {
    if (this.failure) return Promise.reject(this.failure);
    return this.ask((id) => this.thread.postMessage({ id, sql, parameters }));
  }

  private async ask(send: (id: number) => void): Promise<Rows> {
    // It keeps the process alive while it is asked something, and no longer.
    this.thread.ref();
    return rowsOf(await this.pending.ask(send));
  }

  private take({ id, ...answer }: Answer): void {
    this.pending.resolve(id, answer);
    if (this.pending.size === 0) this.thread.unref();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.pending.rejectAll(this.failure);
  }
}

/** It runs outside of the bundle; in tests, as it was written. */
function threadFile(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? './sqlite-thread.ts' : '../storage/sqlite-thread.js', import.meta.url);
}
