import type { UpstreamError } from '../upstreams/upstream-error.js';

/**
 * Tells a request that breaks its connections from upstreams that do.
 *
 * A request that broke two connections, without a token between, is the likelier cause: it is not sent a third time, and two
 * upstreams are not blamed. A single broken connection is blamed on its upstream, once it is known to be the only one. Engines
 * that die one after the other break innocent requests, too; the router knows those (`isInnocent`).
 */
export class Poison {
  /** Whether the request must not be sent again. */
  isFound = false;
  private first: { upstream: string; blame: () => void } | undefined;

  /** Notes a failure of the upstream; `blame` counts it against the upstream. */
  note(error: UpstreamError, upstream: string, isInnocent: boolean, blame: () => void): void {
    if (isInnocent || !breaksConnection(error)) {
      blame();
    } else if (!this.first && !error.isSecondBreak) {
      this.first = { upstream, blame };
    } else {
      this.isFound = true;
      // Twice at one upstream may as well be the upstream's fault.
      if (error.isSecondBreak || this.first?.upstream === upstream) {
        blame();
        this.acquit();
      }
      this.first = undefined;
    }
  }

  /** The request was answered, or is over: what broke before was the upstream's fault. */
  acquit(): void {
    this.first?.blame();
    this.first = undefined;
  }
}

/** After the request was sent. */
function breaksConnection({ phase, isTimeout }: UpstreamError): boolean {
  return !isTimeout && (phase === 'sent' || phase === 'broken');
}
