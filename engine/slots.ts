/**
 * A fixed number of slots, first come, first served. A slot is one sequence of the llama.cpp context: its holder generates,
 * the others wait in the queue.
 */
export class Slots {
  readonly #free: number[];
  readonly #waiting: ((slot: number) => void)[] = [];

  constructor(private readonly total: number) {
    this.#free = Array.from({ length: total }, (_, slot) => slot);
  }

  get active(): number {
    return this.total - this.#free.length;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  /** Runs `action` with a slot. An abort while waiting leaves the queue at once. */
  async use<T>(signal: AbortSignal, action: (slot: number) => Promise<T>): Promise<T> {
    const slot = this.#free.pop() ?? (await this.#wait(signal));
    try {
      signal.throwIfAborted();
      return await action(slot);
    } finally {
      this.#release(slot);
    }
  }

  #wait(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const take = (slot: number): void => {
        signal.removeEventListener('abort', leave);
        resolve(slot);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(take);
    });
  }

  #release(slot: number): void {
    const next = this.#waiting.shift();
    if (next) next(slot);
    else this.#free.push(slot);
  }
}
