import { END, FIRST_PIECE, VOCABULARY_SIZE } from './tiny-vocabulary.js';

/**
 * A language model of a few lines, with which every fake engine generates. The next distribution is a pure function of the
 * tokens so far, and the drawn token also of the seed: a test can compute the answer to any request.
 */

export interface Sampling {
  temperature: number;
  topP: number;
  /** 0 keeps all. */
  topK: number;
  minP: number;
  frequencyPenalty: number;
  presencePenalty: number;
  /** The penalties look at so many tokens back, the prompt's included, as llama.cpp's do; without it, at all generated. */
  penaltyWindow?: number;
  logitBias: ReadonlyMap<number, number>;
  ignoresEnd: boolean;
}

export const CONTRACT_SAMPLING: Sampling = {
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  frequencyPenalty: 0,
  presencePenalty: 0,
  logitBias: new Map(),
  ignoresEnd: false,
};

/** What may come next: the log probability of each token, before any sampling option, and the tokens, likeliest first. */
interface Next {
  logprobs: Float64Array;
  order: readonly number[];
}

/** A token that was chosen, or that stood there. */
export interface Scored {
  token: number;
  logprob: number;
  next: Next;
}

/** The `count` likeliest tokens at that place. */
export function topOf({ next }: Scored, count: number): { token: number; logprob: number }[] {
  return next.order.slice(0, count).map((token) => ({ token, logprob: next.logprobs[token] ?? NaN }));
}

/** The log probabilities of tokens after `context`, each as if it had been generated; the first of all has none. */
export function scoreAll(tokens: readonly number[], context: readonly number[] = []): (Scored | undefined)[] {
  let state = hash(context);
  return tokens.map((token, index) => {
    const isFirst = index === 0 && context.length === 0;
    const scored = isFirst ? undefined : score(nextAfter(state), token);
    state = extend(state, token);
    return scored;
  });
}

/** Chooses token after token for as long as they are asked for, or to the end of the text. */
export function* generate(prompt: readonly number[], sampling: Sampling, seed: number): Generator<Scored, void> {
  const context = [...prompt];
  for (let state = hash(prompt); ;) {
    const next = nextAfter(state);
    const { penaltyWindow } = sampling;
    const counted = penaltyWindow === undefined ? context.slice(prompt.length) : context.slice(-penaltyWindow);
    const token = pick(adjust(next, counted, sampling), sampling, fractionOf(state, seed));
    if (token === END) return;
    yield score(next, token);
    context.push(token);
    state = extend(state, token);
  }
}

function score(next: Next, token: number): Scored {
  return { token, logprob: next.logprobs[token] ?? NaN, next };
}

const MAX_KNOWN = 5_000;
const known = new Map<number, Next>();

function nextAfter(state: number): Next {
  let next = known.get(state);
  if (!next) {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(state, (next = compute(state)));
  }
  return next;
}

function compute(state: number): Next {
  const logprobs = new Float64Array(VOCABULARY_SIZE);
  let mass = 0;
  for (let token = 0; token < VOCABULARY_SIZE; token++) {
    const logit = logitOf(state, token);
    logprobs[token] = logit;
    mass += Math.exp(logit);
  }
  const logMass = Math.log(mass);
  for (let token = 0; token < VOCABULARY_SIZE; token++) logprobs[token] = (logprobs[token] ?? NaN) - logMass;
  return { logprobs, order: likeliestFirst(logprobs) };
}

/** The tokens in the order of falling values. */
function likeliestFirst(logprobs: Float64Array): number[] {
  return [...logprobs.keys()].sort((a, b) => (logprobs[b] ?? 0) - (logprobs[a] ?? 0));
}

interface Candidate {
  token: number;
  logit: number;
}

/** The candidates, likeliest first, after bias and penalties. */
function adjust({ logprobs, order }: Next, counted: readonly number[], sampling: Sampling): Candidate[] {
  const { logitBias, frequencyPenalty, presencePenalty } = sampling;
  const counts = new Map<number, number>();
  if (frequencyPenalty !== 0 || presencePenalty !== 0) {
    for (const token of counted) counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  const candidates = order.map((token) => {
    const count = counts.get(token) ?? 0;
    const penalty = count * frequencyPenalty + (count > 0 ? presencePenalty : 0);
    return { token, logit: (logprobs[token] ?? NaN) + (logitBias.get(token) ?? 0) - penalty };
  });
  const allowed = sampling.ignoresEnd ? candidates.filter(({ token }) => token !== END) : candidates;
  return logitBias.size > 0 || counts.size > 0 ? allowed.sort((a, b) => b.logit - a.logit) : allowed;
}

/** The cuts come one after the other, `top_k`, `top_p`, `min_p`, each over what the one before has left. */
function pick(candidates: readonly Candidate[], { temperature, topK, topP, minP }: Sampling, fraction: number): number {
  const [best] = candidates;
  if (!best) throw new Error('the tiny model has no tokens');
  if (temperature === 0) return best.token;
  let kept = candidates.map(({ token, logit }) => ({ token, weight: Math.exp((logit - best.logit) / temperature) }));
  if (topK > 0) kept = kept.slice(0, topK);
  const total = sumOf(kept);
  let before = 0;
  kept = kept.filter(({ weight }, index) => {
    const isKept = index === 0 || before < topP * total;
    before += weight;
    return isKept;
  });
  kept = kept.filter(({ weight }, index) => index === 0 || weight >= minP);
  let left = fraction * sumOf(kept);
  for (const { token, weight } of kept) {
    left -= weight;
    if (left < 0) return token;
  }
  return best.token;
}

function sumOf(kept: readonly { weight: number }[]): number {
  return kept.reduce((sum, { weight }) => sum + weight, 0);
}

const SPREAD = 1.5;
/** High enough that now and then a text ends by itself. */
const END_LOGIT = 3;
/** So unlikely that single bytes come only when a bias forces them: what is said is well-formed. */
const BYTE_LOGIT = -30;

function logitOf(state: number, token: number): number {
  const noise = -Math.log(-Math.log(toFraction(mix(state ^ Math.imul(token + 1, 0x9e3779b1)))));
  const base = token === END ? END_LOGIT : token < FIRST_PIECE ? BYTE_LOGIT : 0;
  return base + SPREAD * noise;
}

function fractionOf(state: number, seed: number): number {
  const high = Math.floor(seed / 2 ** 32);
  return toFraction(mix(mix(state ^ Math.imul(seed | 0, 0x85ebca6b)) ^ high));
}

/** More than 0 and less than 1. */
function toFraction(bits: number): number {
  return ((bits >>> 0) + 0.5) / 2 ** 32;
}

function hash(tokens: readonly number[]): number {
  return tokens.reduce(extend, 0x2545f491);
}

function extend(state: number, token: number): number {
  return mix(state ^ Math.imul(token + 1, 0xcc9e2d51));
}

/** The finalizer of MurmurHash3, in the public domain. */
function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
