/** What an engine makes of one field that the contract does not list. */
export interface KnownField {
  /** The first version that has it. */
  readonly since?: string;
  /** The first version that ignores it. */
  readonly before?: string;
  /** The contract's field for the same, or whose promise it would break. */
  readonly instead?: string;
  /** The choices of a request that has it depend on one another: it is not split into one for each. */
  readonly joinsChoices?: true;
  /** A field of the contract that it does not work with. */
  readonly notWith?: string;
}

/** By path below the body: `top_k`, `stream_options.continuous_usage_stats`. */
export type KnownFields = Readonly<Record<string, KnownField>>;

/** Fields that every version of an engine accepts, and that do not affect the contract. */
export function fields(...names: string[]): KnownFields {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** Whether a body has a field with which its choices belong together. */
export function joinsChoices(known: KnownFields, body: object): boolean {
  const given = body as Readonly<Record<string, unknown>>;
  return Object.entries(known).some(([name, field]) => field.joinsChoices && given[name] === true);
}

/**
 * Why a field is not sent, as the end of a sentence; undefined: it is sent. `version` is the engine's own; where that is not
 * known, or is a build without numbers to compare, it is taken for the newest.
 */
export function whyNotSent(
  known: KnownFields,
  path: string,
  version: string | undefined,
  isGiven: (name: string) => boolean,
): string | undefined {
  const field = Object.hasOwn(known, path) ? known[path] : undefined;
  if (!field)
    return 'no upstream of this model is known to take it; `extraParameters: forward` of an upstream sends it';
  const { since, before, instead, notWith } = field;
  const numbers = numbersOf(version);
  if (instead !== undefined) return `use \`${instead}\``;
  if (notWith !== undefined && isGiven(notWith)) return `the upstream cannot do it with \`${notWith}\``;
  if (since !== undefined && numbers && isOlder(numbers, since)) return `the upstream has it from ${since} on`;
  if (before !== undefined && !(numbers && isOlder(numbers, before))) {
    return `the upstream has it no more since ${before}`;
  }
  return undefined;
}

function isOlder(numbers: readonly number[], than: string): boolean {
  const others = numbersOf(than) ?? [];
  const at = numbers.findIndex((number, index) => number !== others[index]);
  return at >= 0 && (numbers[at] ?? 0) < (others[at] ?? 0);
}

/** The first three of a version, of which some may be missing; undefined of one that is not made of numbers. */
function numbersOf(version = ''): number[] | undefined {
  const found = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version);
  return found ? [1, 2, 3].map((group) => Number(found[group] ?? 0)) : undefined;
}
