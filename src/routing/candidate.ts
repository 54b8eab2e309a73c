import type { Upstream } from '../upstreams/upstream.js';

/** An upstream that serves a requested model, and its name for it. */
export interface Candidate {
  upstream: Upstream;
  upstreamModel: string;
}

/** A candidate that supports all that a request asks for. */
export interface EligibleCandidate extends Candidate {
  /** Without emulation that costs the engine more: preferred. */
  isNative: boolean;
}

export const nameOf = ({ upstream }: Candidate): string => upstream.config.name;

export const isRateLimited = ({ upstream, upstreamModel }: Candidate): boolean =>
  upstream.state.rateLimits.isClosed(upstreamModel);

export const isHealthy = (candidate: Candidate): boolean =>
  candidate.upstream.state.isHealthy && !isRateLimited(candidate);

export const isAvailable = (candidate: Candidate): boolean =>
  candidate.upstream.state.isAvailable && !isRateLimited(candidate);

/** Neither rate-limited nor full, healthy or not. */
export const mayBeTried = (candidate: Candidate): boolean =>
  !candidate.upstream.state.isFull && !isRateLimited(candidate);

/** It recently answered 429 without a `Retry-After`. */
export const isLastChoice = ({ upstream, upstreamModel }: Candidate): boolean =>
  upstream.state.rateLimits.isLastChoice(upstreamModel);
