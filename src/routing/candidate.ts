import type { Upstream } from '../upstreams/upstream.js';

/** An upstream that serves a requested model, and the name by which it knows it. */
export interface Candidate {
  upstream: Upstream;
  upstreamModel: string;
}
