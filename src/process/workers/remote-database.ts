import { DatabaseError, type Lease, type LeaseSource, type Rows } from '../../storage/lease.js';
import type { DatabaseAnswer, DatabaseCall } from './messages.js';

interface Waiting {
  resolve: (rows: Rows) => void;
  reject: (error: Error) => void;
}

/** The embedded database as a worker has it: the primary process holds the file, and gives one lease at a time. */
export class RemoteDatabase implements LeaseSource {
  private readonly waiting = new Map<number, Waiting>();
  private lastCall = 0;
  private lastLease = 0;

  constructor(private readonly tell: (call: DatabaseCall) => void) {}

  async acquire(): Promise<Lease> {
    const lease = ++this.lastLease;
    await this.call({ lease, action: 'acquire' });
    return {
      execute: (sql, parameters) => this.call({ lease, action: 'execute', sql, parameters }),
      release: () => void this.call({ lease, action: 'release' }),
    };
  }

  answered({ call, error, rows = [], changes = 0 }: DatabaseAnswer): void {
    const waiting = this.waiting.get(call);
    this.waiting.delete(call);
    if (error) waiting?.reject(new DatabaseError(error.message, error.code));
    else waiting?.resolve({ rows, changes });
  }

  /** The primary closes it. */
  async close(): Promise<void> {
    return Promise.resolve();
  }

  private call(asked: Omit<DatabaseCall, 'type' | 'call'>): Promise<Rows> {
    const call = ++this.lastCall;
    const { promise, resolve, reject } = Promise.withResolvers<Rows>();
    this.waiting.set(call, { resolve, reject });
    this.tell({ type: 'database', call, ...asked });
    return promise;
  }
}
