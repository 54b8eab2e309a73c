import type { RoutingConfig } from '../config/config.js';
import type { Candidate } from '../routing/candidate.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import type { CreateCompletionDto } from '../contract/create-completion.dto.js';
import { isFilledIn, ranks, type Refusal } from './demands.js';
import { unsupportedMessage } from './emulations/emulation.js';
import { promptsOf } from '../contract/prompts.js';

/** A body may ask for millions of choices; as many requests would serve nobody. */
export const MAX_PARTS = 2_048;

export type FanOutLimits = Pick<RoutingConfig, 'maxFanOutBytes' | 'maxMergedAnswerBytes'>;

/**
 * What a request becomes where it is split, and where its prompt is echoed for each choice: a few bytes, compressed, can ask
 * for gigabytes. The body is measured once, and only when it has several choices.
 */
export class FanOut {
  private readonly promptCount: number;
  /** Of each prompt, those that are thrown away included. */
  private readonly choiceCount: number;
  private measured: { prompts: number; others: number } | undefined;

  /** `bodyOf` has the body, which is not kept here: it may be large. */
  constructor(
    private readonly bodyOf: () => CreateCompletionDto,
    private readonly limits: FanOutLimits,
  ) {
    const { body } = this;
    this.promptCount = promptsOf(body).length;
    this.choiceCount = ranks(body) ? (body.best_of ?? 1) : (body.n ?? 1);
  }

  private get body(): CreateCompletionDto {
    return this.bodyOf();
  }

  /** Why the request is too large for this candidate, or for any. */
  refusalBy(candidate: Candidate): Refusal | undefined {
    if (this.promptCount * this.choiceCount === 1) return undefined;
    const { maxFanOutBytes, maxMergedAnswerBytes } = this.limits;
    if (this.body.echo && this.echoedBytes > maxMergedAnswerBytes) {
      return { param: 'echo', asks: `\`echo\` of more than ${maxMergedAnswerBytes} bytes in one answer` };
    }
    const { partCount, choicesEach } = splitFor(this.body, candidate);
    const param = choicesEach > 1 ? 'n' : 'prompt';
    if (partCount > MAX_PARTS) return { param: 'prompt', asks: `more than ${MAX_PARTS} choices in one request` };
    const bytes = this.sentBytes(partCount, choicesEach) + this.countedBytes(candidate);
    if (bytes <= maxFanOutBytes) return undefined;
    return {
      param,
      asks: `so many choices of so much: they would take ${bytes} bytes, and ${maxFanOutBytes} are allowed`,
    };
  }

  /**
   * Counts the bytes of the answers that are merged into one. `prependsPrompt`: the gateway puts the prompts in front.
   *
   * @throws {UpstreamError} 400 from the function that is returned, when they are too many.
   */
  answerBudget(prependsPrompt: boolean): (bytes: number) => void {
    const { maxMergedAnswerBytes: limit } = this.limits;
    let left = limit - (prependsPrompt ? this.echoedBytes : 0);
    return (bytes) => {
      left -= bytes;
      if (left < 0) throw tooLarge(limit, this.choiceCount > 1 ? 'n' : 'prompt');
    };
  }

  /** In the choices that the caller gets, or that are ranked with the scores of their prompt. */
  private get echoedBytes(): number {
    const isScored = typeof this.body.logprobs === 'number';
    return this.sizes.prompts * (isScored ? this.choiceCount : (this.body.n ?? 1));
  }

  private sentBytes(partCount: number, choicesEach: number): number {
    return partCount === 1 ? 0 : this.sizes.others * partCount + this.sizes.prompts * choicesEach;
  }

  /** Of a stream whose tokens are counted: each prompt, and each again with each of its completions. */
  private countedBytes({ upstream }: Candidate): number {
    const { stream, stream_options: options } = this.body;
    const isCounted = upstream.profile.capabilities.stream_usage === 'emulate' && stream && options?.include_usage;
    return isCounted ? this.sizes.prompts * (1 + this.choiceCount) : 0;
  }

  /** Bytes of JSON. */
  private get sizes(): { prompts: number; others: number } {
    const { prompt, ...others } = this.body;
    return (this.measured ??= { prompts: sizeOf(prompt), others: sizeOf(others) });
  }
}

/** Into how many requests a candidate's are split: as `planRequest` does it. */
export function splitFor(body: CreateCompletionDto, candidate: Candidate): { partCount: number; choicesEach: number } {
  const { capabilities } = candidate.upstream.profile;
  const isFromRoot = isFilledIn(body, candidate);
  const promptCount = promptsOf(body).length;
  const n = (ranks(body) && capabilities.best_of === 'emulate' ? body.best_of : body.n) ?? 1;
  const isGreedy = body.temperature === 0 && capabilities.n_greedy === 'emulate';
  if (n > 1 && (isFromRoot || capabilities.n === 'emulate' || isGreedy)) {
    return { partCount: promptCount * n, choicesEach: n };
  }
  const list = typeof promptsOf(body)[0] === 'string' ? capabilities.prompt_list : capabilities.prompt_tokens_list;
  return { partCount: isFromRoot || list === 'emulate' ? promptCount : 1, choicesEach: 1 };
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function tooLarge(limitBytes: number, param: string): UpstreamError {
  const message = unsupportedMessage(`an answer of more than ${limitBytes} bytes that has to be put together`);
  return new UpstreamError('answered', `parts that are larger than ${limitBytes} bytes together`, {
    isTooLarge: true,
    publicError: { status: 400, code: 'unsupported_parameter', message, param },
  });
}
