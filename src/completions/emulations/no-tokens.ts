import type { Usage } from '../../telemetry/usage.js';
import type { UpstreamChoice } from '../canonical.js';
import { lengthInCodePoints } from '../code-points.js';
import { asLegacy, selectTokens } from './legacy-logprobs.js';
import type { Emulation } from './emulation.js';

/**
 * `max_tokens` 0 of an engine that takes it for an error, or for no limit: it was asked for one token, and what it has
 * generated is taken off, so that only an echoed prompt is left.
 */
export class WithoutTokens implements Emulation {
  private readonly lengths = new Map<number, number>();

  /** `echoedOf` is the prompt that the engine itself puts in front of a choice, or an empty text. */
  constructor(private readonly echoedOf: (index: number) => string) {}

  fit(choice: UpstreamChoice): boolean {
    const before = this.lengths.get(choice.index) ?? 0;
    const echoed = this.echoedOf(choice.index);
    this.lengths.set(choice.index, before + choice.text.length);
    choice.text = choice.text.slice(0, Math.max(0, echoed.length - before));
    const legacy = asLegacy(choice.logprobs);
    const echoedLength = lengthInCodePoints(echoed);
    if (legacy) choice.logprobs = selectTokens(legacy, (at) => (legacy.text_offset[at] ?? 0) < echoedLength);
    if (choice.finish_reason) choice.finish_reason = 'length';
    return choice.text !== '' || Boolean(choice.finish_reason);
  }

  fitUsage(usage: Usage): Usage {
    return { ...usage, completion_tokens: 0, total_tokens: usage.prompt_tokens };
  }
}
