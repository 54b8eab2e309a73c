import type { Usage } from '../../observability/usage.js';
import { choiceHasExtraFields } from '../answer/answer-fields.js';
import type { UpstreamChoice } from '../answer/upstream-completion.js';
import { lengthInCodePoints } from '../../common/code-points.js';
import { DEFAULT_MAX_TOKENS, echoedPromptOf } from '../../contract/prompts.js';
import { asLegacy, selectTokens } from '../answer/legacy-logprobs.js';
import { emptyTokenFields } from '../answer/token-fields.js';
import type { SentBody } from '../dialects/dialect.js';
import type { ChoiceFitter, Feature, FeatureEmulation } from './feature.js';
import { isText } from './prompts.js';

export const maxTokensAbsent: Feature = {
  name: 'max_tokens_absent',
  param: 'max_tokens',
  asks: 'no `max_tokens`, which means 16',
  isAsked: (body) => typeof body.max_tokens !== 'number',
  emulation: {
    how: '16 is sent',
    rewrite: (sent) => {
      sent.max_tokens = DEFAULT_MAX_TOKENS;
    },
  },
};

const withoutTokens: Pick<FeatureEmulation, 'cost' | 'rewrite' | 'fit'> = {
  cost: 'one token for each choice',
  rewrite: (sent: SentBody) => {
    sent.max_tokens = 1;
  },
  fit: ({ body, isEchoed }) => new WithoutTokens((index) => (isEchoed ? echoedPromptOf(body, index) : '')),
};

export const maxTokensZero: Feature = {
  name: 'max_tokens_zero',
  param: 'max_tokens',
  asks: '`max_tokens` 0: nothing is generated',
  isAsked: (body) => body.max_tokens === 0 && body.echo !== true,
  emulation: { ...withoutTokens, how: 'one token is asked for and taken off' },
};

export const echoOnly: Feature = {
  name: 'echo_only',
  param: 'max_tokens',
  asks: '`max_tokens` 0 with `echo`: the prompt alone',
  isAsked: (body) => body.max_tokens === 0 && body.echo === true,
  fit: () => countsNothing,
  emulation: {
    ...withoutTokens,
    how: 'one token is asked for and taken off; where the prompt is a list of token ids it is refused',
    lacks: (body) =>
      isText(body) ? undefined : { param: 'max_tokens', asks: '`max_tokens` 0 with `echo` of token ids' },
  },
};

/** vLLM 0.32.0 counts a token where it generates none. */
const countsNothing: ChoiceFitter = { stage: 'cut', fit: () => true, fitUsage: withoutCompletion };

function withoutCompletion(usage: Usage): Usage {
  const { prompt_tokens: prompt } = usage;
  const counted = { ...usage, completion_tokens: 0, completion_tokens_details: undefined, total_tokens: prompt };
  return counted;
}

/** The text of a choice so far. */
interface SeenText {
  length: number;
  echoed: string;
  /** In characters, counted once. */
  echoedLength: number | undefined;
}

/**
 * `max_tokens` 0 for an engine that rejects it, or takes it for no limit: one token was asked for, and what was generated is
 * cut, so that only an echoed prompt is left.
 */
export class WithoutTokens implements ChoiceFitter {
  readonly stage = 'cut';
  private readonly seen = new Map<number, SeenText>();

  /** `echoedOf` returns the prompt that the engine echoes in front of a choice, or an empty text. */
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
    emptyTokenFields(choice, echoed !== '');
    if (choice.finish_reason) choice.finish_reason = 'length';
    return choice.text !== '' || Boolean(choice.finish_reason) || choiceHasExtraFields(choice);
  }

  private begin(index: number): SeenText {
    const seen: SeenText = { length: 0, echoed: this.echoedOf(index), echoedLength: undefined };
    this.seen.set(index, seen);
    return seen;
  }

  readonly fitUsage = withoutCompletion;
}
