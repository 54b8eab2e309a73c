import { type Lease, type LeaseSource, type Rows, rowsOf } from '../../storage/lease.js';
import type { DatabaseCall } from './messages.js';
import type { PrimaryChannel } from './primary-channel.js';

/** The embedded database as a worker has it: the primary process holds the file, and gives one lease at a time. */
export class RemoteDatabase implements LeaseSource {
  private lastLease = 0;

  constructor(private readonly channel: PrimaryChannel) {}

  async acquire(): Promise<Lease> {
    const lease = ++this.lastLease;
    await this.call({ lease, action: 'acquire' });
    return {
      execute: (sql, parameters) => this.call({ lease, action: 'execute', sql, parameters }),
      release: () => void this.call({ lease, action: 'release' }),
    };
  }

  /** The primary closes it. */
  async close(): Promise<void> {
    return Promise.resolve();
  }

  private async call(asked: Omit<DatabaseCall, 'type'>): Promise<Rows> {
    return rowsOf(await this.channel.ask({ type: 'database', ...asked }));
  }
}
