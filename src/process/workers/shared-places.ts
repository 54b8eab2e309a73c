import type { Places } from '../../upstreams/places.js';

/** What a worker says to the primary of the places of one upstream. */
export interface PlacesVoice {
  wanted(): void;
  returned(count: number): void;
  /** Something new is known: whoever waits may look again. */
  changed(): void;
}

/** The places of one upstream in one worker: those that the primary process has granted it. See `SharedLimit`. */
export class SharedPlaces implements Places {
  private granted = 0;
  private taken = 0;
  /** The primary has said so, and will grant the next place without being asked again. */
  private isKnownFull = false;
  /** The primary wants a place back. */
  private isOwing = false;
  private asked: PromiseWithResolvers<void> | undefined;

  constructor(private readonly voice: PlacesVoice) {}

  get isFree(): boolean {
    return this.taken < this.granted;
  }

  get areFull(): boolean {
    return !this.isFree && this.isKnownFull;
  }

  take(): void {
    this.taken++;
  }

  release(): void {
    this.taken--;
    if (this.isOwing && this.isFree) this.giveBack();
  }

  async ask(): Promise<void> {
    if (this.isKnownFull) return;
    if (!this.asked) {
      this.asked = Promise.withResolvers();
      this.voice.wanted();
    }
    await this.asked.promise;
  }

  wasGranted(count: number): void {
    this.granted += count;
    this.isKnownFull = false;
    this.answered();
  }

  isFullNow(): void {
    this.isKnownFull = true;
    this.answered();
  }

  /**
   * Waits for those who are about to take what was granted just before: otherwise two workers that both want the only
   * place could pass it to and fro, and neither would ever use it.
   */
  wasRecalled(): void {
    this.isOwing = true;
    setImmediate(() => {
      if (this.isOwing) this.giveBack();
    });
  }

  private giveBack(): void {
    const idle = Math.max(0, this.granted - this.taken);
    this.granted -= idle;
    if (idle > 0) this.isOwing = false;
    this.voice.returned(idle);
  }

  private answered(): void {
    // Those in the waiting room came before those who have just asked.
    this.voice.changed();
    this.asked?.resolve();
    this.asked = undefined;
  }
}
