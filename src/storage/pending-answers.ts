import { DatabaseError, type Rows } from './lease.js';

/** What the process or thread with the database answers to one statement. */
export interface StatementAnswer extends Partial<Rows> {
  error?: { message: string; code?: number };
}

/** Statements that were sent to the process or thread with the database, by their number, until it answers. */
export class PendingAnswers {
  private readonly pending = new Map<number, PromiseWithResolvers<Rows>>();

  get size(): number {
    return this.pending.size;
  }

  /** @throws {DatabaseError} the answer's error, or that given to `rejectAll`. */
  await(id: number): Promise<Rows> {
    const answer = Promise.withResolvers<Rows>();
    this.pending.set(id, answer);
    return answer.promise;
  }

  settle(id: number, { error, rows = [], changes = 0 }: StatementAnswer): void {
    const answer = this.pending.get(id);
    this.pending.delete(id);
    if (error) answer?.reject(new DatabaseError(error.message, error.code));
    else answer?.resolve({ rows, changes });
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}
