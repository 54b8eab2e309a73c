import type { UpstreamError } from '../upstreams/upstream-error.js';

/**
 * Tells a request that breaks its connections from upstreams that do.
 *
 * One that broke two connections, without a token between, is the likelier cause: it is not sent a third time, and two upstreams
 * that it met are not to blame. One broken connection tells against its upstream, as soon as it is known to have been the only one.
 * Engines that die one after the other break innocent requests, too: those are told by the router.
 */
export class Poison {
  private first: { upstream: string; blame: () => void } | undefined;
  private isCertain = false;

  /** Whether the request is not to be sent again. */
  get isFound(): boolean {
    return this.isCertain;
  }

  /** Notes a failure of the upstream; `blame` counts it there. */
  note(error: UpstreamError, upstream: string, isInnocent: boolean, blame: () => void): void {
    if (isInnocent || !breaksConnection(error)) {
      blame();
    } else if (!this.first && !error.isSecondBreak) {
      this.first = { upstream, blame };
    } else {
      this.isCertain = true;
      // The same upstream twice may as well be its own fault.
      if (error.isSecondBreak || this.first?.upstream === upstream) {
        blame();
        this.acquit();
      }
      this.first = undefined;
    }
  }

  /** The request has got an answer, or is over: what it broke before was the upstream's doing. */
  acquit(): void {
    this.first?.blame();
    this.first = undefined;
  }
}

/** After the request was sent. */
function breaksConnection({ phase, isTimeout }: UpstreamError): boolean {
  return !isTimeout && (phase === 'sent' || phase === 'broken');
}
