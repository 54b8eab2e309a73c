/** How many requests an upstream may have at the same time, and how many of these places are left. */
export interface Places {
  /** Whether a request may have a place at once. */
  readonly isFree: boolean;
  /** Whether, as far as is known, nobody has a place to give. Where other processes share the limit, `ask` tells. */
  readonly areFull: boolean;
  /** Takes one of the free places. */
  take(): void;
  release(): void;
  /** Resolves when a place is free, or all are known to be taken; by then somebody else may have been faster. */
  ask(): Promise<void>;
}

/** The places of an upstream that only this process uses. */
export class OwnPlaces implements Places {
  private taken = 0;

  /** Without a limit there is always one more. */
  constructor(private readonly limit = Infinity) {}

  get isFree(): boolean {
    return this.taken < this.limit;
  }

  get areFull(): boolean {
    return !this.isFree;
  }

  take(): void {
    this.taken++;
  }

  release(): void {
    this.taken--;
  }

  /** There is nobody to ask: what can be known is known. */
  ask(): Promise<void> {
    return Promise.resolve();
  }
}
