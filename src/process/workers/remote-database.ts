import type { Lease, LeaseSource, Rows } from '../../storage/lease.js';
import { PendingStatements } from '../../storage/pending-statements.js';
import type { DatabaseAnswer, DatabaseCall } from './messages.js';

/** The embedded database as a worker has it: the primary process holds the file, and gives one lease at a time. */
export class RemoteDatabase implements LeaseSource {
  private readonly pending = new PendingStatements();
  private lastLease = 0;

  constructor(private readonly send: (call: DatabaseCall) => void) {}

  async acquire(): Promise<Lease> {
    const lease = ++this.lastLease;
    await this.call({ lease, action: 'acquire' });
    return {
      execute: (sql, parameters) => this.call({ lease, action: 'execute', sql, parameters }),
      release: () => void this.call({ lease, action: 'release' }),
    };
  }

  answered({ call, ...answer }: DatabaseAnswer): void {
    this.pending.settle(call, answer);
  }

  /** The primary closes it. */
  async close(): Promise<void> {
    return Promise.resolve();
  }

  private call(asked: Omit<DatabaseCall, 'type' | 'call'>): Promise<Rows> {
    return this.pending.ask((call) => this.send({ type: 'database', call, ...asked }));
  }
}
