import type { Random } from '../common/random.js';
import type { EligibleCandidate } from './candidate.js';
import type { RoutedRequest } from './routed-request.js';

/** Chooses among available candidates for one request. */
export interface SelectionPolicy {
  select(candidates: readonly EligibleCandidate[], request: RoutedRequest<unknown>): EligibleCandidate | undefined;
}

/**
 * Of the candidates with the lowest priority number, the native ones if there are any; of these the less loaded of two
 * that are drawn by weight.
 *
 * The power of two choices (Mitzenmacher, 2001) avoids the herd that "least loaded of all" makes when many gateways see
 * the same idle upstream; drawing by weight, with the first drawn winning a tie, gives each its share when all are idle.
 */
export class WeightedTwoChoices implements SelectionPolicy {
  constructor(private readonly random: Random) {}

  select(candidates: readonly EligibleCandidate[]): EligibleCandidate | undefined {
    const best = natives(ofBestPriority(candidates));
    const [only] = best;
    if (!only || best.length === 1) return only;
    const first = this.drawByWeight(best, only);
    const second = this.drawByWeight(best, only);
    return loadOf(second) < loadOf(first) ? second : first;
  }

  private drawByWeight(candidates: readonly EligibleCandidate[], fallback: EligibleCandidate): EligibleCandidate {
    let total = 0;
    for (const { upstream } of candidates) total += upstream.config.weight;
    let mark = this.random() * total;
    let drawn = fallback;
    for (const candidate of candidates) {
      drawn = candidate;
      mark -= candidate.upstream.config.weight;
      if (mark < 0) break;
    }
    return drawn;
  }
}

function ofBestPriority(candidates: readonly EligibleCandidate[]): readonly EligibleCandidate[] {
  let priority = Infinity;
  for (const { upstream } of candidates) priority = Math.min(priority, upstream.config.priority);
  const isBest = ({ upstream }: EligibleCandidate): boolean => upstream.config.priority === priority;
  return candidates.every(isBest) ? candidates : candidates.filter(isBest);
}

function natives(candidates: readonly EligibleCandidate[]): readonly EligibleCandidate[] {
  if (candidates.length < 2 || candidates.every(isNative)) return candidates;
  const some = candidates.filter(isNative);
  return some.length > 0 ? some : candidates;
}

const isNative = (candidate: EligibleCandidate): boolean => candidate.isNative;

function loadOf({ upstream }: EligibleCandidate): number {
  return upstream.state.inFlightCount / upstream.config.weight;
}
