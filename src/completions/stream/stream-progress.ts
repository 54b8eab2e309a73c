import type { ByteShare } from '../../common/byte-budget.js';
import { lengthInCodePoints } from '../../common/code-points.js';
import type { UpstreamChoice, UpstreamCompletion } from '../answer/upstream-completion.js';
import { DeliveredText } from './delivered-text.js';

/** What the client has got of one choice. */
export class ChoiceProgress {
  private readonly delivered: DeliveredText;
  /** Generated tokens whose text has been delivered. */
  tokenCount = 0;
  isFinished = false;
  /** The client has the log probabilities of a token whose text has not come. */
  hasTokenAhead = false;
  /** Where the next token begins, in characters from the start of the prompt, when logprobs are sent. */
  nextOffset: number | undefined;
  /** Tokens that came without text: engines hold back pieces of a character, and what may become a stop text. */
  private heldTokenCount = 0;

  /** `echoed` is the prompt, when it comes first. */
  constructor(
    private readonly echoed: string,
    share: ByteShare | undefined,
  ) {
    this.delivered = new DeliveredText(share);
  }

  /** An echoed prompt included; undefined where it was not kept. */
  get text(): string | undefined {
    return this.delivered.value;
  }

  add({ text, finish_reason, logprobs }: UpstreamChoice): void {
    const before = this.delivered.length;
    const isWithinEcho = before < this.echoed.length && before + text.length <= this.echoed.length;
    this.delivered.append(text);
    this.hasTokenAhead = text === '' && (logprobs?.tokens?.length ?? 0) > 0;
    if (finish_reason) this.isFinished = true;
    const count = isWithinEcho ? 0 : this.countTokens(text, logprobs);
    if (text === '' && !finish_reason) {
      this.heldTokenCount += count;
    } else if (text !== '') {
      this.tokenCount += this.heldTokenCount + count;
      this.heldTokenCount = 0;
    }
    // The text is what counts: a token's name may be longer than its text, and part of its text may be held back.
    this.nextOffset ??= logprobs?.text_offset?.[0];
    if (this.nextOffset !== undefined) this.nextOffset += lengthInCodePoints(text);
  }

  /** Engines send a chunk a token; where they send the tokens along, those count. */
  private countTokens(text: string, logprobs: UpstreamChoice['logprobs']): number {
    const tokens = logprobs?.tokens;
    if (!tokens) return 1;
    const isFirstAfterEcho = this.delivered.length - text.length < this.echoed.length;
    if (!isFirstAfterEcho) return tokens.length;
    const echoedCharacters = lengthInCodePoints(this.echoed);
    return logprobs.text_offset?.filter((offset) => offset >= echoedCharacters).length ?? 0;
  }
}

/** What marks the chunks of one stream as one, whoever sends them. */
type Identity = Pick<UpstreamCompletion, 'id' | 'created' | 'system_fingerprint'>;

/** What the client has got of a stream so far, over all attempts. */
export class StreamProgress {
  /** Of the first chunk with choices. */
  identity: Identity | undefined;
  /** Generated tokens of all choices whose text has been delivered. */
  tokenCount = 0;
  private finishedCount = 0;
  /** Of the choices that have begun; a body may ask for many more than will ever be. */
  private readonly choices: (ChoiceProgress | undefined)[] = [];

  /** `echoedOf` has the prompt that is echoed in front of a choice, or an empty text. */
  constructor(
    private readonly choiceCount: number,
    private readonly echoedOf: (index: number) => string,
    /** Holds the texts; without it none is kept. */
    private readonly texts: ByteShare | undefined,
  ) {}

  add(chunk: UpstreamCompletion): void {
    // Azure's first chunk has none, and no choices.
    if (chunk.choices.length === 0) return;
    this.identity ??= { id: chunk.id, created: chunk.created, system_fingerprint: chunk.system_fingerprint };
    for (const choice of chunk.choices) this.addChoice(choice);
  }

  /** Whether the client has a chunk with choices. */
  get hasBegun(): boolean {
    return this.identity !== undefined;
  }

  private addChoice(choice: UpstreamChoice): void {
    const progress = this.choiceAt(choice.index);
    if (!progress) return;
    const { tokenCount, isFinished } = progress;
    progress.add(choice);
    this.tokenCount += progress.tokenCount - tokenCount;
    if (progress.isFinished && !isFinished) this.finishedCount++;
  }

  /** Undefined for a choice that the client did not ask for. */
  choiceAt(index: number): ChoiceProgress | undefined {
    const known = this.choices[index];
    if (known || index < 0 || index >= this.choiceCount) return known;
    const choice = new ChoiceProgress(this.echoedOf(index), this.texts);
    this.choices[index] = choice;
    return choice;
  }

  /** The first two choices that have not finished; some of them may not have begun. */
  get openIndexes(): number[] {
    const open: number[] = [];
    for (let index = 0; index < this.choiceCount && open.length < 2; index++) {
      if (!this.choices[index]?.isFinished) open.push(index);
    }
    return open;
  }

  /** Whether every choice has finished. */
  get isWhole(): boolean {
    return this.finishedCount === this.choiceCount;
  }
}
