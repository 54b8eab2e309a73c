import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { DEFAULT_MAX_TOKENS, promptOf, promptsOf } from '../../contract/prompts.js';
import { mayBeResumed } from './resumable-fields.js';
import type { ChoiceProgress, StreamProgress } from './stream-progress.js';
import type { TokenOverlap } from './token-overlap.js';

/** How a broken stream is resumed: with one request for the one open choice. */
export interface Resumption {
  /** The request for the rest: what the client sent, with the delivered text in the prompt. */
  body: CreateCompletionDto;
  /** Which choice of the client's stream the request's only choice is. */
  index: number;
  /** What the client still has to get of an echoed prompt before the rest. */
  owedText: string;
  /** Where the rest begins, as `text_offset` counts; undefined while no token with an offset was delivered. */
  offset: number | undefined;
  /** Generated tokens that the client has, of this choice and of all. */
  delivered: { ofChoice: number; ofAll: number };
  /** All tokens were delivered and only the end is missing: of the answer, nothing but the usage is for the client. */
  isOnlyEnd: boolean;
  /** The delivered tokens that the engine generates again; undefined when resumed by text. */
  overlap?: TokenOverlap;
  /** Call before the request is sent: tokens are counted from the resume position. */
  rewind?: () => void;
}

/**
 * How to get the rest of a stream from any upstream: prompt and delivered text as the prompt, `max_tokens` less what was
 * delivered, and everything else as it was.
 *
 * Penalties count from the break on, since the delivered text is prompt now. With a temperature above 0 the rest is as
 * likely as any, and not the one that the first upstream would have given. With a suffix it fills the gap that is left,
 * which may be another text also at temperature 0: engines put the prompt before the suffix and what they generate after.
 *
 * @returns undefined where it would not be right: fields outside the contract that may look at what was generated;
 *   prompts of token ids, whose text nobody here knows; a token that the client has without its text; more than one
 *   open choice; `best_of`; usage over several prompts, of which the rest would know only one; log probabilities of an
 *   echoed prompt that break off within the prompt; a text that was too long to be kept.
 */
export function resumptionOf(body: CreateCompletionDto, progress: StreamProgress): Resumption | undefined {
  const open = openChoice(body, progress);
  if (!open || !mayBeResumed(body)) return undefined;
  const { index, choice, text } = open;
  const prompt = promptOf(body, index);
  if (typeof prompt !== 'string' || (choice.hasTokenAhead && !choice.isFinished)) return undefined;

  const echoed = body.echo ? prompt : '';
  const owedText = owedEcho(text, echoed);
  if (owedText === undefined || (owedText !== '' && typeof body.logprobs === 'number')) return undefined;
  const generated = owedText === '' ? text.slice(echoed.length) : '';
  const tokensLeft = (body.max_tokens ?? DEFAULT_MAX_TOKENS) - choice.tokenCount;
  const isOnlyEnd = tokensLeft <= 0 || choice.isFinished;
  return {
    body: {
      ...body,
      prompt: prompt + generated,
      max_tokens: isOnlyEnd ? 1 : tokensLeft,
      n: null,
      best_of: null,
      echo: null,
      ...fewerMinTokens(body, isOnlyEnd ? Infinity : choice.tokenCount),
    },
    index,
    owedText,
    offset: choice.nextOffset,
    delivered: { ofChoice: choice.tokenCount, ofAll: progress.tokenCount },
    isOnlyEnd,
  };
}

/** A choice that a stream may be resumed with. */
interface OpenChoice {
  index: number;
  choice: ChoiceProgress;
  /** As delivered, an echoed prompt included. */
  text: string;
}

/** The only choice that has not finished, or the first when all have; undefined where a stream cannot be resumed with it. */
export function openChoice(body: CreateCompletionDto, progress: StreamProgress): OpenChoice | undefined {
  const [index = 0, ...others] = progress.openIndexes;
  const choice = progress.choiceAt(index);
  const text = choice?.text;
  if (!choice || text === undefined || others.length > 0) return undefined;
  // The rest knows the usage of one prompt only.
  if (promptsOf(body).length > 1 && body.stream_options?.include_usage) return undefined;
  return { index, choice, text };
}

/** vLLM's `min_tokens`, the one extra field that counts tokens: what was delivered counts. */
export function fewerMinTokens(body: object, delivered: number): object {
  const { min_tokens: minTokens } = body as { min_tokens?: unknown };
  return typeof minTokens === 'number' ? { min_tokens: Math.max(0, minTokens - delivered) } : {};
}

/** What is missing of the echoed prompt; undefined when what came is not its beginning. */
function owedEcho(text: string, echoed: string): string | undefined {
  if (text.startsWith(echoed)) return '';
  return echoed.startsWith(text) ? echoed.slice(text.length) : undefined;
}
