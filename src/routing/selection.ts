import type { Random } from '../common/random.js';
import type { Candidate } from './candidate.js';

/**
 * Chooses among candidates that may all receive: those of the lowest priority number; of these, if there are any, those
 * that are preferred; and of these the less loaded of two that are drawn by weight.
 *
 * The power of two choices (Mitzenmacher, 2001) avoids the herd that "least loaded of all" makes when many gateways see
 * the same idle upstream; drawing by weight, with the first drawn winning a tie, gives each its share when all are idle.
 */
export function select(
  candidates: readonly Candidate[],
  random: Random,
  isPreferred: (candidate: Candidate) => boolean = () => true,
): Candidate | undefined {
  const best = preferred(ofBestPriority(candidates), isPreferred);
  const [only] = best;
  if (!only || best.length === 1) return only;
  const first = drawByWeight(best, only, random);
  const second = drawByWeight(best, only, random);
  return loadOf(second) < loadOf(first) ? second : first;
}

function ofBestPriority(candidates: readonly Candidate[]): readonly Candidate[] {
  let priority = Infinity;
  for (const { upstream } of candidates) priority = Math.min(priority, upstream.config.priority);
  const isBest = ({ upstream }: Candidate): boolean => upstream.config.priority === priority;
  return candidates.every(isBest) ? candidates : candidates.filter(isBest);
}

function preferred(
  candidates: readonly Candidate[],
  isPreferred: (candidate: Candidate) => boolean,
): readonly Candidate[] {
  if (candidates.length < 2 || candidates.every(isPreferred)) return candidates;
  const some = candidates.filter(isPreferred);
  return some.length > 0 ? some : candidates;
}

function drawByWeight(candidates: readonly Candidate[], fallback: Candidate, random: Random): Candidate {
  let total = 0;
  for (const { upstream } of candidates) total += upstream.config.weight;
  let mark = random() * total;
  let drawn = fallback;
  for (const candidate of candidates) {
    drawn = candidate;
    mark -= candidate.upstream.config.weight;
    if (mark < 0) break;
  }
  return drawn;
}

function loadOf({ upstream }: Candidate): number {
  return upstream.state.inFlightCount / upstream.config.weight;
}
