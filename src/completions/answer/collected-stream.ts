import type { AnswerBody } from '../../upstreams/answer-body.js';
import { DONE } from '../../upstreams/event-stream.js';
import { readAll } from '../../upstreams/read-all.js';
import type { UpstreamAnswer } from '../../upstreams/upstream.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import type { UpstreamChoice, UpstreamCompletion } from './upstream-completion.js';
import type { Dialect } from '../dialects/dialect.js';
import { isStream } from './unwanted-answer.js';

/** A whole answer as JSON: in the endpoint's form, or in the contract's where a stream is collected. `spend` as below. */
export function readWhole(answer: UpstreamAnswer, dialect: Dialect, spend: (length: number) => void): Promise<string> {
  if (!dialect.isCollected) return readAll(answer.body, spend);
  return isStream(answer, dialect.framing)
    ? collectStream(answer.body, dialect, spend)
    : readUnasked(answer, dialect, spend);
}

/** The whole answer of an engine that ignored that a stream was asked for. */
async function readUnasked(
  { body }: UpstreamAnswer,
  { isContract, read }: Dialect,
  spend: (length: number) => void,
): Promise<string> {
  const json = await readAll(body, spend);
  return isContract ? json : JSON.stringify(read(json, true) ?? null);
}

/**
 * Collects a stream into one JSON answer. `spend` is charged for each character kept, and may throw.
 *
 * @throws {UpstreamError} when the stream errs, makes no sense, or ends before each of its choices has.
 */
export async function collectStream(
  body: AnswerBody,
  { framing, read }: Dialect,
  spend: (length: number) => void,
): Promise<string> {
  const parser = framing.newParser();
  const collected = new CollectedStream(read, spend);
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

  constructor(
    private readonly read: Dialect['read'],
    private readonly spend: (length: number) => void,
  ) {}

  add(data: string): void {
    if (data === DONE) return;
    const chunk = this.read(data, false);
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
