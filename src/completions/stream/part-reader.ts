import { isUsage, type Usage } from '../../observability/usage.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { endChoices, type FallbackIdentity, makeCanonical } from '../answer/canonical.js';
import { readCompletion, type UpstreamCompletion } from '../answer/upstream-completion.js';
import type { ChoiceFitter } from '../features/feature.js';
import { dropTokenFields } from '../answer/token-fields.js';
import { ignoredBy } from '../plan/unsupported.js';
import type { Part } from '../plan/plan.js';

/** A piece of the client's answer. */
export interface Piece {
  completion: UpstreamCompletion;
  /** Nothing in it had to change: the upstream's bytes say the same. */
  isAsItCame: boolean;
  /** It came without choices, as usage chunks do. */
  isUsageOnly: boolean;
}

/** Reads the upstream's answer to one part of a request, and converts it to the contract. */
export class PartReader {
  /** Whether no message of the upstream has arrived. */
  isSilent = true;
  /** Whether the upstream's answer has ended, or all of it that is for the client was read. */
  hasEnded = false;
  /** The newest that the upstream has reported. */
  usage: Usage | undefined;
  private readonly fitters: readonly ChoiceFitter[];
  /** Whether something came of each of the choices. */
  private readonly begun: true[] = [];
  private begunCount = 0;
  private readonly finished: true[] = [];
  private finishedCount = 0;

  constructor(
    readonly part: Part,
    private readonly fallback: FallbackIdentity,
  ) {
    this.fitters = part.fitters();
  }

  /** Whether its choices are fitted, for which the prompt may be needed. */
  get isFitting(): boolean {
    return this.fitters.length > 0;
  }

  /**
   * A whole answer, or the data of one event.
   *
   * @returns undefined for a message without content.
   * @throws {UpstreamError} when it is an error, no completion, or not what was asked for.
   */
  read(json: string, isWhole = false): Piece | undefined {
    this.isSilent = false;
    const { dialect } = this.part;
    const completion = isWhole && dialect.isCollected ? readCompletion(json) : dialect.read(json, isWhole);
    if (!completion) return undefined;
    const isUsageOnly = completion.choices.length === 0;
    const isReady = makeCanonical(completion, this.fallback);
    const isCanonical = (!isWhole || endChoices(completion)) && isReady;
    const isInPlace = this.placeChoices(completion);
    const isOpen = this.dropFinished(completion);
    if (this.fitters.length > 0) this.fit(completion);
    for (const { index, finish_reason } of completion.choices) if (finish_reason) this.finish(index);
    return { completion, isAsItCame: isCanonical && isInPlace && isOpen && this.part.isPlain, isUsageOnly };
  }

  /**
   * A whole answer.
   *
   * @throws {UpstreamError} as `read` does, and when choices are missing.
   */
  readWhole(json: string): Piece {
    const piece = this.read(json, true);
    if (!piece) throw new UpstreamError('answered', 'null for an answer');
    this.requireChoices();
    const { choices, usage } = piece.completion;
    if (isUsage(usage)) this.usage = usage;
    if (choices.length > this.begunCount) {
      throw new UpstreamError('answered', 'a choice that came twice');
    }
    return piece;
  }

  /** Whether every choice of the part has finished. */
  get isWhole(): boolean {
    return this.finishedCount === this.part.choiceCount;
  }

  private finish(index: number): void {
    if (this.finished[index]) return;
    this.finished[index] = true;
    this.finishedCount++;
  }

  /** @throws {UpstreamError} when a choice never came: with some of them, the engine ignored a parameter; with none, it failed. */
  private requireChoices(): void {
    const { choiceCount } = this.part;
    if (this.begunCount === choiceCount) return;
    if (this.begunCount === 0) throw new UpstreamError('answered', 'an answer without a choice');
    const param = choiceCount > 1 ? 'n' : 'prompt';
    throw ignoredBy({ param, asks: `\`${param}\` as it was given` });
  }

  /** Call when the upstream has ended. @throws {UpstreamError} when a choice has no finish reason. */
  requireWhole(): void {
    if (this.isWhole) return;
    const hasOpen = this.finishedCount < this.begunCount;
    if (!hasOpen) this.requireChoices();
    const { givesUp: isDeliberate = false } = this.part.dialect;
    throw new UpstreamError('broken', 'the stream ended before its end', { isDeliberate });
  }

  /** Drops what follows the finish of a choice, which clients take for its end. @returns whether nothing was dropped. */
  private dropFinished(completion: UpstreamCompletion): boolean {
    if (this.finishedCount === 0) return true;
    const open = completion.choices.filter(({ index }) => !this.finished[index]);
    if (open.length === completion.choices.length) return true;
    completion.choices = open;
    return false;
  }

  /** Gives each choice the client's number for it. */
  private placeChoices({ choices }: UpstreamCompletion): boolean {
    const { firstChoice, choiceCount } = this.part;
    for (const choice of choices) {
      if (choice.index < 0 || choice.index >= choiceCount) {
        throw new UpstreamError('answered', `a choice ${choice.index} that was not asked for`);
      }
      if (!this.begun[choice.index]) {
        this.begun[choice.index] = true;
        this.begunCount++;
      }
      choice.index += firstChoice;
    }
    return firstChoice === 0;
  }

  private fit(completion: UpstreamCompletion): void {
    if (this.fitters.some(({ stage }) => stage === 'cut')) dropTokenFields(completion);
    completion.choices = completion.choices.filter((choice) => this.fitters.every((fitter) => fitter.fit(choice)));
    for (const fitter of this.fitters) {
      if (isUsage(completion.usage) && fitter.fitUsage) completion.usage = fitter.fitUsage(completion.usage);
    }
  }
}
