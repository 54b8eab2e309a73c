import { addCounts, isUsage, type Usage, usageOf } from '../../observability/usage.js';
import { dropPromptFields } from '../answer/answer-fields.js';
import type { UpstreamChoice, UpstreamCompletion } from '../answer/upstream-completion.js';
import type { Resumption } from './resume.js';
import type { StreamProgress } from './stream-progress.js';
import type { TokenOverlap } from './token-overlap.js';

/** Aligns the chunks of a resumed stream with the position at which the client's stream broke. */
export class ResumedChunks {
  private owedText: string;
  /** What is added to the upstream's text offsets; known from its first token on. */
  private shift: number | undefined;

  constructor(
    private readonly resumption: Resumption,
    private readonly progress: StreamProgress,
  ) {
    this.owedText = resumption.owedText;
  }

  /** Changes the chunk in place. */
  fit(chunk: UpstreamCompletion): void {
    const { isOnlyEnd } = this.resumption;
    Object.assign(chunk, this.progress.identity);
    // A resumed request has a prompt of its own.
    for (const each of [chunk, ...chunk.choices]) dropPromptFields(each);
    if (isOnlyEnd) chunk.choices = chunk.choices.filter(({ finish_reason }) => finish_reason && this.isOpen);
    for (const choice of chunk.choices) this.fitChoice(choice);
    if (isUsage(chunk.usage)) chunk.usage = this.sumUsage(chunk.usage);
  }

  get overlap(): TokenOverlap | undefined {
    return this.resumption.overlap;
  }

  private get isOpen(): boolean {
    return this.progress.choiceAt(this.resumption.index)?.isFinished === false;
  }

  private fitChoice(choice: UpstreamChoice): void {
    choice.index = this.resumption.index;
    const { owedText } = this;
    choice.text = owedText + choice.text;
    this.owedText = '';
    const offsets = choice.logprobs?.text_offset;
    if (this.resumption.isOnlyEnd) {
      Object.assign(choice, { text: owedText, finish_reason: 'length', logprobs: null });
    } else if (choice.logprobs && offsets?.[0] !== undefined) {
      const { offset: begin = offsets[0] } = this.resumption;
      const shift = (this.shift ??= begin - offsets[0]);
      choice.logprobs.text_offset = offsets.map((offset) => offset + shift);
    }
  }

  /** The delivered text was counted as prompt. */
  private sumUsage({ prompt_tokens: prompt, completion_tokens: completion }: Usage): Usage {
    const { delivered, isOnlyEnd } = this.resumption;
    return usageOf(Math.max(0, prompt - delivered.ofChoice), addCounts(delivered.ofAll, isOnlyEnd ? 0 : completion));
  }
}
