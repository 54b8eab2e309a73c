import type { Clock } from '../common/clock.js';

const WINDOW_S = 10;
/** Always allowed: a share of little traffic is less than one retry. */
const MIN_RETRIES = 3;

interface Second {
  second: number;
  requests: number;
  retries: number;
}

/**
 * Keeps retries from making an outage worse: over the last 10 seconds, no more than a share of the requests may be sent
 * again. When every upstream answers 503, a budget of 20 % means at most 1.2 times the load.
 */
export class RetryBudget {
  private readonly seconds: Second[] = [];

  constructor(
    private readonly percent: number,
    private readonly clock: Clock,
  ) {}

  /** A request came from a client. */
  count(): void {
    this.current().requests++;
  }

  /**
   * Takes one retry from the budget, if there is one left; with `mayOwe` also when there is none, at the expense of later ones.
   * A budget of 0 % gives none.
   */
  take(mayOwe = false): boolean {
    const current = this.current();
    let requests = 0;
    let retries = 0;
    for (const second of this.seconds) {
      requests += second.requests;
      retries += second.retries;
    }
    const allowed = this.percent === 0 ? 0 : Math.max(MIN_RETRIES, Math.floor((requests * this.percent) / 100));
    if (retries >= allowed && !(mayOwe && this.percent > 0)) return false;
    current.retries++;
    return true;
  }

  private current(): Second {
    const second = Math.floor(this.clock.now() / 1000);
    let last = this.seconds.at(-1);
    if (last?.second !== second) {
      last = { second, requests: 0, retries: 0 };
      this.seconds.push(last);
      while ((this.seconds[0]?.second ?? second) <= second - WINDOW_S) this.seconds.shift();
    }
    return last;
  }
}
