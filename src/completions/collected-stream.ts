import type { AnswerBody } from '../upstreams/answer-body.js';
import { DONE, EventStreamParser } from '../upstreams/event-stream.js';
import { readAll } from '../upstreams/read-all.js';
import type { UpstreamAnswer } from '../upstreams/upstream.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { readCompletion, type UpstreamChoice, type UpstreamCompletion } from './canonical.js';
import type { Dialect } from './dialects/dialect.js';
import { isEventStream } from './unwanted-answer.js';

/** A whole answer as JSON, in whichever way the engine was asked for it. `spend` as below. */
export function readWhole(
  answer: UpstreamAnswer,
  { isCollected }: Dialect,
  spend: (length: number) => void,
): Promise<string> {
  return isCollected && isEventStream(answer) ? collectStream(answer.body, spend) : readAll(answer.body, spend);
}

/**
 * The whole answer that a stream amounts to, as JSON. `spend` is told of what is kept, in characters, and may throw.
 *
 * @throws {UpstreamError} when the stream errs, makes no sense, or ends before each of its choices has.
 */
export async function collectStream(body: AnswerBody, spend: (length: number) => void): Promise<string> {
  const parser = new EventStreamParser();
  const collected = new CollectedStream(spend);
  await body.readEach((piece) => {
    for (const data of parser.push(piece)) collected.add(data);
  });
  const last = parser.end();
  if (last !== undefined) collected.add(last);
  return JSON.stringify(collected.whole());
}

class CollectedStream {
  private head: Partial<UpstreamCompletion> = {};
  private readonly choices = new Map<number, CollectedChoice>();

  constructor(private readonly spend: (length: number) => void) {}

  add(data: string): void {
    if (data === DONE) return;
    const chunk = readCompletion(data);
    if (!chunk) return;
    const { choices, ...head } = chunk;
    this.head = { ...this.head, ...head };
    for (const choice of choices) {
      this.spend(choice.logprobs ? data.length : choice.text.length);
      const known = this.choices.get(choice.index);
      if (known) known.add(choice);
      else this.choices.set(choice.index, new CollectedChoice(choice));
    }
  }

  whole(): UpstreamCompletion {
    const choices = [...this.choices.values()].map((choice) => choice.whole());
    return { ...this.head, choices };
  }
}

class CollectedChoice {
  private readonly texts: string[];
  private readonly logprobs: Record<string, unknown[]> = {};

  constructor(private last: UpstreamChoice) {
    this.texts = [last.text];
    this.addLogprobs(last);
  }

  add(choice: UpstreamChoice): void {
    this.texts.push(choice.text);
    this.addLogprobs(choice);
    this.last = choice;
  }

  whole(): UpstreamChoice {
    if (!this.last.finish_reason) throw new UpstreamError('broken', 'a stream that ended before a choice did');
    const logprobs = Object.keys(this.logprobs).length > 0 ? this.logprobs : null;
    return { ...this.last, text: this.texts.join(''), logprobs };
  }

  /** Lists, in whichever of the two shapes. */
  private addLogprobs({ logprobs }: UpstreamChoice): void {
    for (const [name, entries] of Object.entries(logprobs ?? {})) {
      if (!Array.isArray(entries)) continue;
      const list = (this.logprobs[name] ??= []);
      for (const entry of entries as unknown[]) list.push(entry);
    }
  }
}
