import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { choiceCountOf, DEFAULT_MAX_TOKENS } from '../../contract/prompts.js';
import { type Usage, usageOf } from '../../observability/usage.js';
import type { StreamProgress } from './stream-progress.js';
import type { TokenTrails } from './token-trails.js';

/** The missing end of a broken stream, known without another request. */
export interface KnownEnd {
  /** The choice that has all its tokens and no finish; its reason is `length`. */
  unfinished: number | undefined;
  /** Undefined when not requested. */
  usage: Usage | undefined;
}

/** @returns undefined when a token may be missing, or the requested usage is unknown. */
export function knownEnd(
  body: CreateCompletionDto,
  progress: StreamProgress,
  trails: TokenTrails | undefined,
): KnownEnd | undefined {
  const [unfinished, ...others] = progress.openIndexes;
  if (others.length > 0) return undefined;
  if (unfinished !== undefined && !hasAllTokens(body, progress, trails, unfinished)) return undefined;
  if (!body.stream_options?.include_usage) return { unfinished, usage: undefined };
  const trail = trails?.at(0);
  if (!trail?.isKnown || choiceCountOf(body) > 1) return undefined;
  return { unfinished, usage: usageOf(trail.promptIds?.length ?? 0, trail.ids.length) };
}

function hasAllTokens(
  body: CreateCompletionDto,
  progress: StreamProgress,
  trails: TokenTrails | undefined,
  index: number,
): boolean {
  const choice = progress.choiceAt(index);
  const maxTokens = body.max_tokens ?? DEFAULT_MAX_TOKENS;
  if (!choice || choice.tokenCount === 0) return false;
  if (!trails) return choice.tokenCount >= maxTokens;
  const trail = trails.at(index);
  const { text } = choice;
  if (!trail.isKnown || text === undefined || trail.ids.length < maxTokens) return false;
  return trail.boundaryWithin([...text].length).tokenCount === trail.ids.length;
}
