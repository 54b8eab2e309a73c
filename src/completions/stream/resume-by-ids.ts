import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { DEFAULT_MAX_TOKENS, promptOf } from '../../contract/prompts.js';
import { givenExtras, mayBeResumed } from './resumable-fields.js';
import { fewerMinTokens, openChoice, type Resumption } from './resume.js';
import type { StreamProgress } from './stream-progress.js';
import { TokenOverlap } from './token-overlap.js';
import type { TokenTrails } from './token-trails.js';

/**
 * How to get the rest of a stream by token ids: those of the prompt and the generated ones are the prompt.
 *
 * Where the ids are ahead of the text, as while a stop text is looked for, it goes on from the last token whose text was
 * delivered. What comes after that once more has to be what was delivered; with a temperature it would not be.
 *
 * @returns undefined where it cannot be exact.
 */
export function resumptionByIds(
  body: CreateCompletionDto,
  progress: StreamProgress,
  trails: TokenTrails,
): Resumption | undefined {
  const open = openChoice(body, progress);
  if (!open || !mayBeResumedByIds(body)) return undefined;
  const { index, choice, text } = open;
  const trail = trails.at(index);
  if (choice.isFinished || !trail.isKnown) return undefined;
  const characters = [...text];
  const from = trail.boundaryWithin(characters.length);
  const delivered = characters.slice(from.characters).join('');
  const again = trail.ids.slice(from.tokenCount);
  const isTokensDelivered = typeof body.logprobs === 'number' || asksForIds(body);
  const isRepeated = delivered !== '' || (isTokensDelivered && again.length > 0);
  if (isRepeated && (body.temperature ?? 1) !== 0) return undefined;
  const tokensLeft = (body.max_tokens ?? DEFAULT_MAX_TOKENS) - from.tokenCount;
  if (tokensLeft <= 0) return undefined;
  return {
    body: {
      ...body,
      prompt:
        from.tokenCount === 0
          ? promptOf(body, index)
          : [...(trail.promptIds ?? []), ...trail.ids.slice(0, from.tokenCount)],
      max_tokens: tokensLeft,
      // It comes whole, or not at all.
      echo: text === '' ? (body.echo ?? null) : null,
      n: null,
      best_of: null,
      ...fewerMinTokens(body, from.tokenCount),
    },
    index,
    owedText: '',
    offset: choice.nextOffset === undefined ? undefined : choice.nextOffset - (characters.length - from.characters),
    delivered: { ofChoice: from.tokenCount, ofAll: trails.countBeside(index) + from.tokenCount },
    isOnlyEnd: false,
    overlap: new TokenOverlap(again, delivered, isTokensDelivered),
    rewind: () => trail.rewind(from),
  };
}

/** Whether ids would help: a gap is not filled by them, and `min_tokens` moves the search for a stop text. */
export function mayBeResumedByIds(body: CreateCompletionDto): boolean {
  if (typeof body.suffix === 'string') return false;
  const others = { ...body, return_token_ids: null };
  const searches = typeof body.stop === 'string' || (body.stop?.length ?? 0) > 0;
  return mayBeResumed(others) && !(searches && givenExtras(body).includes('min_tokens'));
}

export function asksForIds(body: object): boolean {
  return (body as { return_token_ids?: unknown }).return_token_ids === true;
}
