/** How many requests an upstream may have at the same time, and how many of these slots are left. */
export interface Slots {
  /** Whether a request may have a slot at once. */
  readonly isFree: boolean;
  /** Whether no slot is known to be free. When processes share the limit, `ask` decides. */
  readonly areFull: boolean;
  /** Called when a slot is free again, whoever freed it, or when it is known that none is. One listener. */
  onChange: () => void;
  /** Takes one of the free slots. */
  take(): void;
  release(): void;
  /** Resolves when a slot is free, or all are known to be taken; another request may have been faster. */
  ask(): Promise<void> | undefined;
}

/** The slots of an upstream that only this process uses. */
export class OwnSlots implements Slots {
  onChange: () => void = () => undefined;
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
    this.onChange();
  }

  /** Nobody else has any. */
  ask(): undefined {
    return undefined;
  }
}
