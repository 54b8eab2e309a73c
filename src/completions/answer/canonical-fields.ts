import { isJsonObject } from '../../common/exact-json.js';
import { addCounts, isCount, isUsage, type Usage } from '../../observability/usage.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import type { UpstreamChoice, UpstreamCompletion } from './upstream-completion.js';

type Fields = Record<string, unknown>;

const isAbsent = (value: unknown): boolean => value === undefined || value === null;
const isText = (value: unknown): boolean => typeof value === 'string';
/** JSON can write larger numbers than there are. */
const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isNumberOrNull = (value: unknown): boolean => value === null || isNumber(value);

/**
 * Checks log probabilities of either shape, and sets those that hold nothing to `null`.
 *
 * @returns whether nothing had to change.
 * @throws {UpstreamError} when they are malformed.
 */
export function makeLogprobsCanonical(choice: UpstreamChoice): boolean {
  const logprobs: unknown = choice.logprobs;
  if (logprobs === null) return true;
  if (logprobs === undefined) {
    // Ollama does not have the field, nor does LocalAI's last chunk; the contract requires it.
    choice.logprobs = null;
    return false;
  }
  if (!isJsonObject(logprobs)) throw noLogprobs();
  const { tokens, content } = logprobs;
  if (isAbsent(tokens) && isAbsent(content)) {
    choice.logprobs = null;
    return false;
  }
  if (!isAbsent(content) && !(Array.isArray(content) && content.every(isChatToken))) throw noLogprobs();
  if (!isAbsent(tokens) && !areLegacy(logprobs)) throw noLogprobs();
  return true;
}

function noLogprobs(): UpstreamError {
  return new UpstreamError('answered', 'malformed log probabilities');
}

/** OpenAI's four lists. Some engines have only the first two. */
function areLegacy({ tokens, token_logprobs: logprobs, top_logprobs: top, text_offset: offsets }: Fields): boolean {
  if (!isListOf(tokens, isText)) return false;
  const isList = (list: unknown, isItem: (item: unknown) => boolean): boolean =>
    isListOf(list, isItem) && list.length === tokens.length;
  return (
    isList(logprobs, isNumberOrNull) &&
    (isAbsent(top) || isList(top, isTop)) &&
    (isAbsent(offsets) || isList(offsets, Number.isSafeInteger))
  );
}

function isListOf(list: unknown, isItem: (item: unknown) => boolean): list is unknown[] {
  return Array.isArray(list) && list.every((item) => isItem(item));
}

function isTop(value: unknown): boolean {
  return value === null || (isJsonObject(value) && Object.values(value).every(isNumber));
}

/** A token in the shape of chat completions; llama.cpp leaves the log probability out where it has none. */
function isChatToken(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { top_logprobs: top } = value;
  return isNamed(value) && (isAbsent(top) || isListOf(top, isNamed));
}

function isNamed(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { token, logprob, bytes } = value;
  const isScored = isAbsent(logprob) || isNumber(logprob);
  return isText(token) && isScored && (isAbsent(bytes) || isListOf(bytes, isByte));
}

function isByte(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256;
}

/**
 * Removes a usage without counts, and details that are no counts, such as vLLM's `null` (0.32.0). OpenAI's own `null` before the
 * last chunk stays.
 *
 * @returns whether nothing had to change.
 */
export function makeUsageCanonical(completion: UpstreamCompletion): boolean {
  const { usage } = completion;
  if (usage === undefined || usage === null) return true;
  if (!isUsage(usage) || isEmpty(usage)) {
    delete completion.usage;
    return false;
  }
  const isWhole = isCount(usage.total_tokens);
  if (!isWhole) usage.total_tokens = addCounts(usage.prompt_tokens, usage.completion_tokens);
  const areDetails = [dropNonCounts(usage, 'prompt_tokens_details'), dropNonCounts(usage, 'completion_tokens_details')];
  return isWhole && areDetails.every(Boolean);
}

/** Ollama before the last chunk, and LocalAI in whole answers, report zeros for what they have not counted. */
function isEmpty({ prompt_tokens: prompt, completion_tokens: completion }: Usage): boolean {
  return prompt === 0 && completion === 0;
}

function dropNonCounts(usage: object, name: string): boolean {
  const details = (usage as Fields)[name];
  if (details === undefined) return true;
  if (!isJsonObject(details)) {
    Reflect.deleteProperty(usage, name);
    return false;
  }
  const wrong = Object.keys(details).filter((each) => !isCount(details[each]));
  for (const each of wrong) Reflect.deleteProperty(details, each);
  return wrong.length === 0;
}
