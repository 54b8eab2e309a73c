import type { DatabaseError, Lease, LeaseSource, StatementAnswer } from '../../storage/lease.js';
import type { DatabaseCall } from './messages.js';

/** Gives the workers the embedded database that the primary process holds. What a worker holds when it ends is undone. */
export class SharedDatabase {
  /** By worker and by the worker's number for it. */
  private readonly leases = new Map<number, Map<number, Promise<Lease>>>();

  constructor(private readonly source: LeaseSource) {}

  async answerTo(worker: number, call: DatabaseCall): Promise<StatementAnswer> {
    try {
      return await this.run(worker, call);
    } catch (error) {
      const { message, code } = error as DatabaseError;
      return { error: { message, ...(code !== undefined && { code }) } };
    }
  }

  /** A transaction that was open is rolled back; where there was none, nothing. */
  gone(worker: number): void {
    for (const leased of this.leases.get(worker)?.values() ?? []) {
      void leased.then((lease) =>
        lease
          .execute('rollback', [])
          .catch(() => undefined)
          .then(() => lease.release()),
      );
    }
    this.leases.delete(worker);
  }

  private async run(
    worker: number,
    { lease: number, action, sql = '', parameters = [] }: DatabaseCall,
  ): Promise<StatementAnswer> {
    const leases = this.leases.get(worker) ?? new Map<number, Promise<Lease>>();
    this.leases.set(worker, leases);
    if (action === 'acquire') {
      const acquired = this.source.acquire();
      leases.set(number, acquired);
      await acquired;
      return {};
    }
    const lease = await leases.get(number);
    if (action === 'execute') return lease?.execute(sql, parameters) ?? {};
    leases.delete(number);
    lease?.release();
    return {};
  }
}
