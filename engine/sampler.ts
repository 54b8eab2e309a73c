import { ceilingOf, type Detail, type LogitReader, type Logits } from './logits.js';
import type { Random } from './random.js';

export interface SamplingOptions {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  readonly topP: number;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  /** Added to the logits of these tokens, the end-of-text token included. */
  readonly logitBias: ReadonlyMap<number, number>;
}

/**
 * Chooses the tokens of one choice.
 *
 * The order is vLLM's: penalties and bias are added to the raw logits, the sum is divided by the temperature, then the
 * smallest set of likeliest tokens whose probabilities reach `top_p` is kept, and one random number picks from it,
 * likeliest first.
 *
 * The penalty is OpenAI's: `logit − count · frequency_penalty − (count > 0) · presence_penalty`. OpenAI counts "the text
 * so far"; like vLLM, this counts the generated tokens only, not the prompt's.
 *
 * The choice is exact, as if made from the whole vocabulary, though most often only the likeliest tokens are read:
 * see `choose`.
 */
export class Sampler {
  readonly #counts = new Map<number, number>();

  constructor(
    private readonly options: SamplingOptions,
    private readonly random: Random,
  ) {}

  /** The next token. It counts for the penalties from here on. */
  async next(read: LogitReader): Promise<number> {
    const { temperature } = this.options;
    const fraction = temperature > 0 ? this.random() : 0;
    const adjustment = (token: number): number => this.#adjustmentOf(token);
    const adjusted = new Set([...this.options.logitBias.keys(), ...this.#counts.keys()]);
    for (const detail of detailsFor(temperature)) {
      const token = choose(await read(detail), this.options, { adjusted, adjustment }, fraction);
      if (token === undefined) continue;
      this.#counts.set(token, (this.#counts.get(token) ?? 0) + 1);
      return token;
    }
    throw new Error('the model gave no usable logits');
  }

  #adjustmentOf(token: number): number {
    const { frequencyPenalty, presencePenalty, logitBias } = this.options;
    const count = this.#counts.get(token) ?? 0;
    return (logitBias.get(token) ?? 0) - count * frequencyPenalty - (count > 0 ? presencePenalty : 0);
  }
}

/** What to read, in this order, until it settles the choice. Only from 0 to 1 does the rest's mass bound its weight well. */
function detailsFor(temperature: number): Detail[] {
  return temperature > 0 && temperature <= 1 ? ['window', 'window-and-mass', 'all'] : ['window', 'all'];
}

/** What penalties and bias add to the logits. */
export interface Adjustments {
  /** Every token whose logit changes is in here; others may be, too. */
  readonly adjusted: ReadonlySet<number>;
  readonly adjustment: (token: number) => number;
}

export const NO_ADJUSTMENTS: Adjustments = { adjusted: new Set(), adjustment: () => 0 };

/**
 * The token that `fraction` picks, or undefined when the logits at hand do not settle it.
 *
 * Tokens that are not listed have logits that are unknown but bounded: by the last listed logit each, and by the mass of
 * the rest together. The choice is made twice, for the least and for the most that the rest can weigh; when both come to
 * the same listed token, the whole vocabulary would have, too. With nothing left out it is always settled.
 */
export function choose(
  logits: Logits,
  options: Pick<SamplingOptions, 'temperature' | 'topP'>,
  adjustments: Adjustments,
  fraction: number,
): number | undefined {
  const unlisted = unlistedAdjustments(logits, adjustments);
  if (unlisted.raised) return undefined;

  const candidates = adjustedCandidates(logits, adjustments);
  const [best] = candidates;
  if (!best || Number.isNaN(best.logit)) return undefined;
  // Only down to here is the order known: an unlisted token may come before any candidate below.
  const ceiling = logits.rest.count > 0 ? ceilingOf(logits) : -Infinity;
  const settled = candidates.filter(({ logit }) => logit >= ceiling).length;
  if (settled === 0) return undefined;
  if (options.temperature === 0) return best.token;

  const cumulative: number[] = [];
  let mass = 0;
  for (const { logit } of candidates) cumulative.push((mass += Math.exp((logit - best.logit) / options.temperature)));
  const rest = restMass(logits, options.temperature, best.logit, unlisted.lowered);
  const least = pick(cumulative, settled, mass + rest.low, options.topP, fraction);
  const most = rest.high === 0 ? least : pick(cumulative, settled, mass + rest.high, options.topP, fraction);
  return least === most && least !== undefined ? candidates[least]?.token : undefined;
}

interface Candidate {
  token: number;
  logit: number;
}

function adjustedCandidates(logits: Logits, { adjusted, adjustment }: Adjustments): Candidate[] {
  const candidates = logits.tokens.map((token, index) => ({ token, logit: logits.values[index] ?? NaN }));
  if (adjusted.size === 0) return candidates;
  for (const candidate of candidates) {
    if (adjusted.has(candidate.token)) candidate.logit += adjustment(candidate.token);
  }
  return candidates.sort((a, b) => b.logit - a.logit);
}

/** Whether an unlisted token's logit is raised, so that it may be anywhere, and how many are lowered. */
function unlistedAdjustments(
  logits: Logits,
  { adjusted, adjustment }: Adjustments,
): { raised: boolean; lowered: number } {
  if (logits.rest.count === 0 || adjusted.size === 0) return { raised: false, lowered: 0 };
  const listed = new Set(logits.tokens);
  const amounts = [...adjusted].filter((token) => !listed.has(token)).map((token) => adjustment(token));
  return { raised: amounts.some((amount) => amount > 0), lowered: amounts.filter((amount) => amount < 0).length };
}

/**
 * Bounds of the rest's weight at a temperature, relative to the best candidate's.
 *
 * At temperature 1 it is the mass itself. Below 1 the smaller tokens lose: the weight is at most what it would be were
 * every token as likely as the ceiling allows. Above 1 they gain: it is at least the mass. A lowered token takes at most
 * the ceiling's weight away.
 */
function restMass(logits: Logits, temperature: number, best: number, lowered: number): { low: number; high: number } {
  const { count, massLow, massHigh } = logits.rest;
  if (count === 0) return { low: 0, high: 0 };
  const ceiling = ceilingOf(logits);
  const most = count * Math.exp(ceiling / temperature);
  const shrunk = temperature <= 1 ? massHigh * Math.exp(ceiling * (1 / temperature - 1)) : most;
  const low = temperature >= 1 ? massLow - lowered * Math.exp(ceiling / temperature) : 0;
  const scale = Math.exp(-best / temperature);
  return { low: Math.max(0, low) * scale, high: Math.min(most, shrunk) * scale };
}

/** The index of the candidate that `fraction` picks if the vocabulary weighs `total`, or undefined if it is past `settled`. */
function pick(
  cumulative: number[],
  settled: number,
  total: number,
  topP: number,
  fraction: number,
): number | undefined {
  if (!Number.isFinite(total)) return undefined;
  let mass = total;
  if (topP < 1) {
    const cut = cumulative.findIndex((sum) => sum >= topP * total);
    if (cut < 0 || cut >= settled) return undefined;
    mass = cumulative[cut] ?? total;
  }
  // "At least", not "more": then rounding can neither run past the end nor pick a token without weight.
  const index = cumulative.findIndex((sum) => sum >= fraction * mass);
  return index >= 0 && index < settled ? index : undefined;
}
