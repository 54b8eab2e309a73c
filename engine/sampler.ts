import { ceilingOf, type Detail, type LogitReader, type Logits } from './logits.js';
import type { Random } from './random.js';

export interface SamplingOptions {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  readonly topP: number;
  /** The most tokens to choose from; Infinity: all. */
  readonly topK: number;
  /** The least probability of a chosen token, relative to the likeliest one's. */
  readonly minP: number;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  /** Tokens of the prompt and the text have positive logits divided by this, and negative ones multiplied. */
  readonly repetitionPenalty: number;
  /** Added to the logits of these tokens, the end-of-text token included. */
  readonly logitBias: ReadonlyMap<number, number>;
  /** Tokens that are never chosen. */
  readonly banned: ReadonlySet<number>;
  /** `bannedAtFirst` applies until this many tokens were chosen. */
  readonly minTokens: number;
  /** `banned`, and the tokens that would end the text. */
  readonly bannedAtFirst: ReadonlySet<number>;
}

/**
 * Chooses the tokens of one choice.
 *
 * The order is vLLM's: the bias, the repetition penalty, then the other two penalties change the raw logits; the sum is
 * divided by the temperature; `min_p` and `top_k` cut; the smallest set of likeliest tokens whose probabilities reach `top_p`
 * is kept, and one random number picks from it, likeliest first.
 *
 * The penalties are OpenAI's: `logit − count · frequency_penalty − (count > 0) · presence_penalty`. Like vLLM, they count
 * generated tokens only, where OpenAI counts "the text so far". The repetition penalty counts the prompt, too.
 *
 * The choice is exact, as if made from the whole vocabulary, though mostly only the likeliest tokens are read: see `choose`.
 */
export class Sampler {
  readonly #counts = new Map<number, number>();
  /** Prompt tokens that the repetition penalty counts. */
  readonly #prompt: ReadonlySet<number>;
  readonly #adjusted: Set<number>;
  readonly #penalizesRepetition: boolean;
  readonly #penalizes: boolean;
  #chosenCount = 0;

  constructor(
    private readonly options: SamplingOptions,
    private readonly random: Random,
    prompt: readonly number[] = [],
  ) {
    const { frequencyPenalty, presencePenalty, repetitionPenalty, logitBias } = options;
    this.#penalizesRepetition = repetitionPenalty !== 1;
    this.#penalizes = this.#penalizesRepetition || frequencyPenalty !== 0 || presencePenalty !== 0;
    this.#prompt = new Set(this.#penalizesRepetition ? prompt : []);
    this.#adjusted = new Set([...logitBias.keys(), ...this.#prompt]);
  }

  /** The next token. It counts for the penalties from here on. */
  async next(read: LogitReader): Promise<number> {
    const { temperature, banned, bannedAtFirst, minTokens } = this.options;
    const fraction = temperature > 0 ? this.random() : 0;
    const adjustments: Adjustments = {
      adjusted: this.#adjusted,
      adjustment: (token, logit) => this.#adjustmentOf(token, logit),
      banned: this.#chosenCount < minTokens ? bannedAtFirst : banned,
    };
    for (const detail of detailsFor(temperature)) {
      const token = choose(await read(detail, this.#penalizesRepetition), this.options, adjustments, fraction);
      if (token === undefined) continue;
      this.#chosenCount++;
      if (this.#penalizes) this.#count(token);
      return token;
    }
    throw new Error('the model gave no usable logits');
  }

  #count(token: number): void {
    this.#counts.set(token, (this.#counts.get(token) ?? 0) + 1);
    this.#adjusted.add(token);
  }

  #adjustmentOf(token: number, logit: number | undefined): number {
    const { frequencyPenalty, presencePenalty, logitBias, repetitionPenalty } = this.options;
    const count = this.#counts.get(token) ?? 0;
    const bias = logitBias.get(token) ?? 0;
    const added = bias - count * frequencyPenalty - (count > 0 ? presencePenalty : 0);
    if (!this.#penalizesRepetition || (count === 0 && !this.#prompt.has(token))) return added;
    if (logit === undefined) return repetitionPenalty < 1 ? Infinity : added || -Number.MIN_VALUE;
    const biased = logit + bias;
    if (biased === -Infinity) return added;
    return added + (biased > 0 ? biased / repetitionPenalty : biased * repetitionPenalty) - biased;
  }
}

/** What to read, in order, until it settles the choice. The rest's mass bounds its weight well at temperatures 0 to 1 only. */
function detailsFor(temperature: number): Detail[] {
  return temperature > 0 && temperature <= 1 ? ['window', 'window-and-mass', 'all'] : ['window', 'all'];
}

/** Changes to the logits before the choice. */
export interface Adjustments {
  /** Includes every token whose logit changes, and maybe others. */
  readonly adjusted: ReadonlySet<number>;
  /** The amount added to a token's logit. Without `logit`, only its sign is meaningful. */
  readonly adjustment: (token: number, logit?: number) => number;
  readonly banned: ReadonlySet<number>;
}

type Cuts = Pick<SamplingOptions, 'temperature' | 'topP'> & Partial<Pick<SamplingOptions, 'topK' | 'minP'>>;

/**
 * The token that `fraction` picks, or undefined if the listed logits do not settle it.
 *
 * The logits of unlisted tokens are bounded: each by the last listed logit, and together by the mass of the rest. The choice
 * is made twice, for the least and for the most that the rest can weigh; if both give the same listed token, so would the
 * whole vocabulary. With every token listed it is always settled.
 */
export function choose(
  logits: Logits,
  { temperature, topP, topK = Infinity, minP = 0 }: Cuts,
  adjustments: Adjustments,
  fraction: number,
): number | undefined {
  const unlisted = unlistedAdjustments(logits, adjustments);
  if (unlisted.raised) return undefined;

  const candidates = adjustedCandidates(logits, adjustments);
  const [best] = candidates;
  if (!best || Number.isNaN(best.logit)) return undefined;
  // The order is known only down to here: an unlisted token may come before any candidate below.
  const ceiling = logits.rest.count > 0 ? ceilingOf(logits) : -Infinity;
  const settled = candidates.filter(({ logit }) => logit >= ceiling).length;
  if (settled === 0) return undefined;
  if (temperature === 0) return best.token;

  const cumulative: number[] = [];
  let mass = 0;
  for (const { logit } of candidates) {
    const weight = Math.exp((logit - best.logit) / temperature);
    if (cumulative.length === topK || weight < minP) break;
    cumulative.push((mass += weight));
  }
  const kept = cumulative.length;
  const isCut = kept < settled || (kept === topK && kept === settled);
  if (!isCut && logits.rest.count > 0 && (topK < Infinity || minP > 0)) return undefined;
  const rest = isCut ? NOTHING : restMass(logits, temperature, best.logit, unlisted.lowered);
  const least = pick(cumulative, settled, mass + rest.low, topP, fraction);
  const most = rest.high === 0 ? least : pick(cumulative, settled, mass + rest.high, topP, fraction);
  return least === most && least !== undefined ? candidates[least]?.token : undefined;
}

const NOTHING = { low: 0, high: 0 };

interface Candidate {
  token: number;
  logit: number;
}

function adjustedCandidates(logits: Logits, { adjusted, adjustment, banned }: Adjustments): Candidate[] {
  const candidates: Candidate[] = [];
  for (const [index, token] of logits.tokens.entries()) {
    if (!banned.has(token)) candidates.push({ token, logit: logits.values[index] ?? NaN });
  }
  if (adjusted.size === 0) return candidates;
  for (const candidate of candidates) {
    const { token, logit } = candidate;
    if (adjusted.has(token)) candidate.logit += adjustment(token, logit + (logits.largest ?? NaN));
  }
  return candidates.sort((a, b) => b.logit - a.logit);
}

/** Whether the logit of an unlisted token is raised, so that its rank is unknown, and how many are lowered or banned. */
function unlistedAdjustments(
  logits: Logits,
  { adjusted, adjustment, banned }: Adjustments,
): { raised: boolean; lowered: number } {
  if (logits.rest.count === 0 || adjusted.size + banned.size === 0) return { raised: false, lowered: 0 };
  const listed = new Set(logits.tokens);
  let lowered = 0;
  for (const token of banned) if (!listed.has(token)) lowered++;
  for (const token of adjusted) {
    if (listed.has(token) || banned.has(token)) continue;
    const amount = adjustment(token);
    if (amount > 0) return { raised: true, lowered };
    if (amount < 0) lowered++;
  }
  return { raised: false, lowered };
}

/**
 * Bounds of the rest's weight at a temperature, relative to the best candidate's.
 *
 * At temperature 1 it is the mass itself. Below 1 small tokens lose weight: it is at most what it would be if every token
 * were at the ceiling. Above 1 they gain: it is at least the mass. A lowered token takes away at most the ceiling's weight.
 */
function restMass(logits: Logits, temperature: number, best: number, lowered: number): { low: number; high: number } {
  const { count, massLow, massHigh } = logits.rest;
  if (count === 0) return NOTHING;
  const ceiling = ceilingOf(logits);
  const most = count * Math.exp(ceiling / temperature);
  const shrunk = temperature <= 1 ? massHigh * Math.exp(ceiling * (1 / temperature - 1)) : most;
  const low = temperature >= 1 ? massLow - lowered * Math.exp(ceiling / temperature) : 0;
  const scale = Math.exp(-best / temperature);
  return { low: Math.max(0, low) * scale, high: Math.min(most, shrunk) * scale };
}

/** The index of the candidate that `fraction` picks if the vocabulary weighs `total`; undefined past `settled`. */
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
  // "At least", not "more": rounding then can neither run past the end nor pick a token without weight.
  const index = cumulative.findIndex((sum) => sum >= fraction * mass);
  return index >= 0 && index < settled ? index : undefined;
}
