import { PendingAnswers } from '../common/pending-answers.js';
import { DatabaseError, type Rows } from './lease.js';

/** What the process or thread with the database answers to one statement. */
export interface StatementAnswer extends Partial<Rows> {
  error?: { message: string; code?: number };
}

/** Statements that were sent to the process or thread with the database. They reject with a {@link DatabaseError}. */
export class PendingStatements extends PendingAnswers<Rows> {
  settle(id: number, { error, rows = [], changes = 0 }: StatementAnswer): void {
    if (error) this.reject(id, new DatabaseError(error.message, error.code));
    else this.resolve(id, { rows, changes });
  }
}
