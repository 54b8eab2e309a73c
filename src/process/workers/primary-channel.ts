import type { Socket } from 'node:net';
import { PendingAnswers } from '../../common/pending-answers.js';
import type { Answers, Question, ToPrimary, ToWorker } from './messages.js';

type Start = Extract<ToWorker, { type: 'start' }>;
type Listener = (message: ToWorker, socket: Socket | undefined) => void;

/** A worker's end of the channel to the primary process. When the primary dies, Node ends the worker. */
export class PrimaryChannel {
  /** Messages received before a listener was set. */
  private readonly early: Parameters<Listener>[] = [];
  private listener: Listener = (...message) => this.early.push(message);
  private readonly pending = new PendingAnswers<Answers[keyof Answers]>();

  constructor() {
    process.on('message', (message: ToWorker, socket: Socket | undefined) => {
      if (message.type === 'answer') this.pending.resolve(message.id, message.answer);
      else this.listener(message, socket);
    });
  }

  /** Announces this worker to the primary, and resolves with its answer. */
  async start(): Promise<Start> {
    const { promise, resolve } = Promise.withResolvers<Start>();
    // It includes all that was broadcast before.
    this.listener = (message) => {
      if (message.type !== 'start') return;
      this.listener = (...later) => this.early.push(later);
      resolve(message);
    };
    void this.send({ type: 'hello' });
    return promise;
  }

  onMessage(listener: Listener): void {
    this.listener = listener;
    for (const message of this.early.splice(0)) listener(...message);
  }

  /** Resolves when it is sent, or cannot be: then the primary is gone, and this process about to be. */
  send(message: ToPrimary): Promise<void> {
    return new Promise((resolve) => {
      process.send?.(message, undefined, undefined, () => resolve());
    });
  }

  ask<Asked extends Question>(question: Asked): Promise<Answers[Asked['type']]> {
    const answered = this.pending.ask((id) => void this.send({ ...question, id }));
    return answered as Promise<Answers[Asked['type']]>;
  }
}
