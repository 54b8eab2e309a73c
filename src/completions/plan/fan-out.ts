import type { RoutingConfig } from '../../config/config.js';
import type { Candidate } from '../../routing/candidate.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { promptsOf } from '../../contract/prompts.js';
import { adapt, type Adaptation, splitOf } from './adaptation.js';
import { bestOf } from '../features/best-of.js';
import type { Feature } from '../features/feature.js';
import { type Refusal, unsupportedMessage } from './unsupported.js';

/** A body may ask for millions of choices; that many requests help no client. */
export const MAX_PARTS = 2_048;

export type FanOutLimits = Pick<RoutingConfig, 'maxFanOutBytes' | 'maxMergedAnswerBytes'>;

/**
 * Bounds the bytes of a request that is split, or whose prompt is echoed for each choice: a few compressed bytes can ask for
 * gigabytes. The body is measured once, and only when it has several choices.
 */
export class FanOut {
  private readonly promptCount: number;
  /** Per prompt, including those that `best_of` discards. */
  private readonly choiceCount: number;
  private measured: { prompts: number; others: number } | undefined;

  /** `bodyOf` returns the body, which may be large and is not kept here. */
  constructor(
    private readonly bodyOf: () => CreateCompletionDto,
    private readonly asked: readonly Feature[],
    private readonly limits: FanOutLimits,
  ) {
    const { body } = this;
    this.promptCount = promptsOf(body).length;
    this.choiceCount = (asked.includes(bestOf) ? body.best_of : body.n) ?? 1;
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
    const adaptation = adapt(this.body, candidate, this.asked);
    const { partCount, choicesEach } = countParts(adaptation);
    const param = choicesEach > 1 ? 'n' : 'prompt';
    if (partCount > MAX_PARTS) return { param: 'prompt', asks: `more than ${MAX_PARTS} choices in one request` };
    const bytes = this.sentBytes(partCount, choicesEach) + this.countedBytes(adaptation);
    if (bytes <= maxFanOutBytes) return undefined;
    return {
      param,
      asks: `a request that takes ${bytes} bytes once it is split; ${maxFanOutBytes} are allowed`,
    };
  }

  /**
   * Returns a function that is charged for the bytes of the answers that are merged into one. `prependsPrompt`: the gateway
   * puts the prompts in front.
   *
   * @throws {UpstreamError} 400, from the returned function, when they are too many.
   */
  answerBudget(prependsPrompt: boolean): (bytes: number) => void {
    const { maxMergedAnswerBytes: limit } = this.limits;
    let left = limit - (prependsPrompt ? this.echoedBytes : 0);
    return (bytes) => {
      left -= bytes;
      if (left < 0) throw tooLarge(limit, this.choiceCount > 1 ? 'n' : 'prompt');
    };
  }

  /** Bytes of prompts in the choices that the client gets, or that are ranked with the scores of their prompts. */
  private get echoedBytes(): number {
    const isScored = typeof this.body.logprobs === 'number';
    return this.sizes.prompts * (isScored ? this.choiceCount : (this.body.n ?? 1));
  }

  private sentBytes(partCount: number, choicesEach: number): number {
    return partCount === 1 ? 0 : this.sizes.others * partCount + this.sizes.prompts * choicesEach;
  }

  /** To count the tokens of a stream, each prompt is sent alone and again with each of its completions. */
  private countedBytes({ emulated }: Adaptation): number {
    return emulated.has('stream_usage') ? this.sizes.prompts * (1 + this.choiceCount) : 0;
  }

  /** Bytes of JSON. */
  private get sizes(): { prompts: number; others: number } {
    const { prompt, ...others } = this.body;
    return (this.measured ??= { prompts: sizeOf(prompt), others: sizeOf(others) });
  }
}

/** Into how many upstream requests a request is split, and how many of them send each prompt. */
export function countParts(adaptation: Adaptation): { partCount: number; choicesEach: number } {
  const { body } = adaptation;
  const split = splitOf(adaptation);
  const choicesEach = split === 'choice' ? (body.n ?? 1) : 1;
  return { partCount: split === undefined ? 1 : promptsOf(body).length * choicesEach, choicesEach };
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
