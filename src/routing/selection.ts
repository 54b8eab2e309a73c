import type { Random } from '../telemetry/random.js';
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
  const [only, ...others] = preferred(ofBestPriority(candidates), isPreferred);
  if (!only || others.length === 0) return only;
  const first = drawByWeight([only, ...others], random);
  const second = drawByWeight([only, ...others], random);
  return loadOf(second) < loadOf(first) ? second : first;
}

function ofBestPriority(candidates: readonly Candidate[]): Candidate[] {
  let priority = Infinity;
  for (const { upstream } of candidates) priority = Math.min(priority, upstream.config.priority);
  return candidates.filter(({ upstream }) => upstream.config.priority === priority);
}

function preferred(candidates: Candidate[], isPreferred: (candidate: Candidate) => boolean): Candidate[] {
  if (candidates.length < 2) return candidates;
  const some = candidates.filter(isPreferred);
  return some.length > 0 ? some : candidates;
}

function drawByWeight(candidates: readonly [Candidate, ...Candidate[]], random: Random): Candidate {
  let total = 0;
  for (const { upstream } of candidates) total += upstream.config.weight;
  let mark = random() * total;
  let [drawn] = candidates;
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
