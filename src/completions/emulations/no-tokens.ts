import type { Usage } from '../../observability/usage.js';
import { choiceTellsMore } from '../answer-fields.js';
import type { UpstreamChoice } from '../canonical.js';
import { lengthInCodePoints } from '../../common/code-points.js';
import { asLegacy, selectTokens } from './legacy-logprobs.js';
import type { Emulation } from './emulation.js';
import { emptyMirrors } from './mirrors.js';

/**
 * `max_tokens` 0 of an engine that takes it for an error, or for no limit: it was asked for one token, and what it has
 * generated is taken off, so that only an echoed prompt is left.
 */
export class WithoutTokens implements Emulation {
  readonly cutsText = true;
  private readonly seen = new Map<number, { length: number; echoed: string; echoedLength: number | undefined }>();

  /** `echoedOf` is the prompt that the engine itself puts in front of a choice, or an empty text. */
  constructor(private readonly echoedOf: (index: number) => string) {}

  fit(choice: UpstreamChoice): boolean {
    const seen = this.seen.get(choice.index) ?? this.begin(choice.index);
    const { echoed, length } = seen;
    seen.length += choice.text.length;
    choice.text = choice.text.slice(0, Math.max(0, echoed.length - length));
    const legacy = asLegacy(choice.logprobs);
    if (legacy) {
      const echoedLength = (seen.echoedLength ??= lengthInCodePoints(echoed));
      choice.logprobs = selectTokens(legacy, (at) => (legacy.text_offset[at] ?? 0) < echoedLength);
    }
    emptyMirrors(choice, echoed !== '');
    if (choice.finish_reason) choice.finish_reason = 'length';
    return choice.text !== '' || Boolean(choice.finish_reason) || choiceTellsMore(choice);
  }

  private begin(index: number): { length: number; echoed: string; echoedLength: number | undefined } {
    const seen = { length: 0, echoed: this.echoedOf(index), echoedLength: undefined };
    this.seen.set(index, seen);
    return seen;
  }

  fitUsage(usage: Usage): Usage {
    const { prompt_tokens: prompt } = usage;
    const counted = { ...usage, completion_tokens: 0, completion_tokens_details: undefined, total_tokens: prompt };
    return counted;
  }
}
