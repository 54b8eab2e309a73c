import { addExactly, type ExactInteger, isExact, isJsonObject } from '../../common/exact-json.js';
import { addCounts, isCount, type Usage, usageOf } from '../../observability/usage.js';

/** The usage of one upstream request, and the first prompt of the client's that it was for. */
export interface PartUsage {
  promptIndex: number;
  usage: Usage;
}

/** An upstream request, and what it has reported. */
interface UsedPart {
  readonly part: { readonly promptIndex: number };
  readonly usage: Usage | undefined;
}

/** The usage of an answer in parts; undefined when one of them has none: a sum of the others would be wrong. */
export function usageOfParts(parts: readonly UsedPart[]): Usage | undefined {
  const known: PartUsage[] = [];
  for (const { part, usage } of parts) {
    if (!usage) return undefined;
    known.push({ promptIndex: part.promptIndex, usage });
  }
  const [only, ...others] = known;
  return others.length === 0 ? only?.usage : mergeUsage(known);
}

/** The usage of an answer whose choices came from several requests: each prompt counts once, every generated token counts. */
export function mergeUsage(parts: readonly PartUsage[]): Usage {
  const counted = new Set<number>();
  const sum: Fields = {};
  for (const { promptIndex, usage } of parts) {
    const { prompt_tokens, prompt_tokens_details, ...generated } = usage as Usage & Fields;
    const isNew = !counted.has(promptIndex);
    counted.add(promptIndex);
    add(sum, isNew ? { prompt_tokens, prompt_tokens_details, ...generated } : generated);
  }
  const { prompt_tokens = 0, completion_tokens = 0 } = sum as Partial<Usage>;
  return { ...sum, ...usageOf(prompt_tokens, completion_tokens) };
}

type Fields = Record<string, unknown>;

/** The details of a usage are one level deep; what an engine nests deeper is not added up. */
const MAX_DEPTH = 4;

/** Adds the numbers of an object to those of a sum, field by field; of anything else the first stays. */
function add(sum: Fields, added: Fields, depth = 1): Fields {
  for (const [name, value] of Object.entries(added)) {
    const before = sum[name];
    if (isNumber(value)) sum[name] = addNumbers(isNumber(before) ? before : 0, value);
    else if (isJsonObject(value) && depth < MAX_DEPTH)
      sum[name] = add(isJsonObject(before) ? before : {}, value, depth + 1);
    else if (value !== undefined) sum[name] ??= value;
  }
  return sum;
}

function addNumbers(a: number | ExactInteger, b: number | ExactInteger): number | ExactInteger {
  return isCount(a) && isCount(b) ? addCounts(a, b) : addExactly(a, b);
}

function isNumber(value: unknown): value is number | ExactInteger {
  return typeof value === 'number' || isExact(value);
}
