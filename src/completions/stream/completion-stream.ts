import { isUsage, type Usage } from '../../observability/usage.js';
import { DONE, formatEvent } from '../../upstreams/event-stream.js';
import { hasExtraFields } from '../answer/answer-fields.js';
import type { UpstreamChoice, UpstreamCompletion } from '../answer/upstream-completion.js';
import { EarlyChunks } from './early-chunks.js';
import type { PartReader, Piece } from './part-reader.js';
import type { KnownEnd } from './known-end.js';
import { PlainChunks } from './plain-chunks.js';
import { usageOfParts } from '../answer/merge-usage.js';
import { PromptFields } from '../answer/prompt-fields.js';
import type { ResumedChunks } from './resumed-chunks.js';
import { type EndState, StreamEnd } from './stream-end.js';
import type { StreamProgress } from './stream-progress.js';
import type { TokenTrails } from './token-trails.js';

export interface StreamExpectation {
  requestedModel: string;
  /** Whether the client asked for a last chunk with the usage. */
  includeUsage: boolean;
  /** Whether the client asked for the counts on each chunk, as vLLM gives them with `continuous_usage_stats`. */
  continuousUsage: boolean;
  /** The end waits for a usage that the gateway counts once the text is complete. */
  countsUsage: boolean;
  /** The gateway may end a choice before the upstream does. */
  endsEarly: boolean;
}

/**
 * Merges the events of all parts into the client's stream: one id, the requested model's name on every chunk, and usage only
 * for clients that asked. An event that needs no change is passed on as it came.
 */
export class CompletionStream {
  private readonly plain = new PlainChunks();
  private readonly early = new EarlyChunks();
  private readonly promptFields: PromptFields | undefined;
  /** The usage that was counted here, in place of a reported one. */
  private counted: Usage | undefined;
  private readonly ending: StreamEnd;
  private hasWrittenUsage = false;

  constructor(
    readonly expected: StreamExpectation,
    private readonly progress: StreamProgress,
    private readonly readers: readonly PartReader[],
    /** Fits the chunks of a resumed stream to what the client has already. */
    private readonly resumed?: ResumedChunks,
    /** Reads the token ids; undefined where none were asked for. */
    private readonly trails?: TokenTrails,
  ) {
    if (readers.length > 1) this.promptFields = new PromptFields();
    this.ending = new StreamEnd(expected.includeUsage, readers.length);
    // A resumed stream may lack nothing but its end.
    if (progress.isWhole) this.ending.textEnded(false);
  }

  get state(): EndState {
    return this.ending.state;
  }

  /** The counts so far; undefined until every part has reported some. */
  get usage(): Usage | undefined {
    return this.counted ?? usageOfParts(this.readers);
  }

  /** Whether the client has all of a part; later messages are ignored. */
  isOver(reader: PartReader): boolean {
    if (reader.hasEnded) return true;
    return this.expected.endsEarly && !this.expected.includeUsage && this.isWhole(reader);
  }

  /**
   * Turns an event of the upstream into those for the client.
   *
   * @throws {UpstreamError} when it is an error, or no completion chunk.
   */
  accept(reader: PartReader, data: string): string {
    if (reader.hasEnded) return '';
    const plain = this.plain.read(data);
    if (plain) {
      this.progress.add({ choices: [plain] });
      return plain.event;
    }
    const json = data.trim();
    if (json === '') return '';
    if (json === DONE) return this.finishPart(reader);
    const piece = reader.read(json);
    // Between JSON's tokens a line end is a space; for the client it would end the event.
    return piece ? this.acceptPiece(reader, piece, json.includes('\n') ? json.replaceAll('\n', ' ') : json) : '';
  }

  private acceptPiece(reader: PartReader, piece: Piece, data: string): string {
    const { completion: chunk, isAsItCame, isUsageOnly } = piece;
    const isMerged = this.readers.length > 1;
    this.resumed?.fit(chunk);
    this.trails?.take(chunk, this.resumed?.overlap);
    if (isMerged) this.merge(chunk, reader);
    this.progress.add(chunk);
    if (isUsage(chunk.usage)) reader.usage = chunk.usage;
    if (this.progress.isWhole) this.ending.textEnded(this.usage !== undefined);
    if (chunk.choices.some(({ finish_reason: reason }) => reason)) this.plain.forget();
    if (chunk.choices.length === 0) return this.acceptWithoutChoices(chunk, isUsageOnly, data.length);

    const hidesUsage = chunk.usage !== undefined && !this.keepsUsage(chunk);
    const isOwn = !isMerged && !this.resumed && !this.trails;
    const isUnchanged = isOwn && isAsItCame && !hidesUsage && chunk.model === this.expected.requestedModel;
    if (isOwn && reader.part.isPlain && isPlain(chunk)) {
      const rewrite = (text: string): string => this.writeChunk(withText(chunk, text), hidesUsage);
      this.plain.learn(data, chunk.choices[0].index, isUnchanged ? undefined : rewrite);
    }
    const event = isUnchanged ? formatEvent(data) : this.writeChunk(chunk, hidesUsage);
    return this.early.isEmpty ? event : this.writeEarly() + event;
  }

  /** The usage chunk, with the engine's extra fields. */
  private acceptWithoutChoices(chunk: UpstreamCompletion, isUsageOnly: boolean, length: number): string {
    const usage = isUsageOnly ? this.writeUsage(chunk) : '';
    if (usage !== '' || !hasExtraFields(chunk)) return usage;
    if (this.progress.hasBegun) return this.writeChunk(chunk, true);
    this.early.add(chunk, length);
    return '';
  }

  private writeEarly(): string {
    const { identity } = this.progress;
    return this.early
      .take()
      .map((chunk) => this.writeChunk({ ...chunk, ...identity }, true))
      .join('');
  }

  private writeChunk(chunk: UpstreamCompletion, hidesUsage: boolean): string {
    const { usage, ...others } = chunk;
    return this.write(hidesUsage ? others : { ...others, usage });
  }

  /**
   * The events that are left when the upstream's answer to a part has ended.
   *
   * @throws {UpstreamError} when a choice has no finish reason: the answer is incomplete even after `[DONE]`, which
   *   llama-cpp-python sends when another request cuts this one.
   */
  end(reader: PartReader): string {
    return reader.hasEnded ? '' : this.finishPart(reader);
  }

  /** The end of the client's stream. Where an engine sent the usage on the last choice's chunk, it gets a chunk of its own. */
  finish(counted?: Usage): string {
    this.ending.state = 'done';
    this.counted = counted;
    const { usage } = this;
    const isOwed = this.expected.includeUsage && usage !== undefined && !this.hasWrittenUsage;
    const head = { ...this.progress.identity, object: 'text_completion' };
    const owed = isOwed ? this.write({ ...head, choices: [], usage }) : '';
    return owed + formatEvent(DONE);
  }

  /** The same, after the finish of a choice that has all its tokens. */
  finishAs({ unfinished, usage }: KnownEnd): string {
    const head = { ...this.progress.identity, object: 'text_completion' };
    const choices = [{ index: unfinished, text: '', logprobs: null, finish_reason: 'length' }];
    const last = unfinished === undefined ? '' : this.write({ ...head, choices });
    return last + this.finish(usage);
  }

  private finishPart(reader: PartReader): string {
    if (!this.isWhole(reader)) reader.requireWhole();
    reader.hasEnded = true;
    return this.ending.partEnded() && !this.expected.countsUsage ? this.finish() : '';
  }

  /** In a resumed stream, the choice may have finished before. */
  private isWhole(reader: PartReader): boolean {
    return reader.isWhole || this.progress.isWhole;
  }

  /** Makes a part's chunk one of the client's stream. */
  private merge(chunk: UpstreamCompletion, reader: PartReader): void {
    Object.assign(chunk, this.progress.identity);
    this.promptFields?.fit(chunk, reader);
  }

  /** OpenAI itself sends null before the last chunk; counts there are for clients that asked for them on each chunk. */
  private keepsUsage({ usage }: UpstreamCompletion): boolean {
    return (
      this.expected.includeUsage && (usage === null || (this.expected.continuousUsage && this.readers.length === 1))
    );
  }

  /** The chunk with the usage and no choices. Of several parts, `finish` writes it. */
  private writeUsage(chunk: UpstreamCompletion): string {
    const isSingle = this.readers.length === 1 && !this.expected.countsUsage;
    if (!isSingle || !this.expected.includeUsage || this.hasWrittenUsage || !isUsage(chunk.usage)) return '';
    this.hasWrittenUsage = true;
    return this.write(chunk);
  }

  private write(chunk: object): string {
    return formatEvent(JSON.stringify({ ...chunk, model: this.expected.requestedModel }));
  }
}

type PlainCompletion = UpstreamCompletion & { choices: [UpstreamChoice] };

/** A one-choice chunk with only a text; other fields vary from chunk to chunk. */
function isPlain(chunk: UpstreamCompletion): chunk is PlainCompletion {
  const [choice, ...others] = chunk.choices;
  return (
    choice !== undefined && others.length === 0 && !choice.finish_reason && !choice.logprobs && !isUsage(chunk.usage)
  );
}

function withText(chunk: PlainCompletion, text: string): UpstreamCompletion {
  return { ...chunk, choices: [{ ...chunk.choices[0], text }] };
}
