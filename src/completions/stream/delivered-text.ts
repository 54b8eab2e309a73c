import type { ByteShare } from '../../common/byte-budget.js';

/** In UTF-16 units. So much of the newest text is kept as it came. */
const SETTLE_LENGTH = 1_024;

/** Of a UTF-16 unit, at most. */
const UNIT_BYTES = 2;

/**
 * A text that grows by what is delivered, kept as long as it fits in a budget. The newest chunks are a list that is joined
 * from time to time: V8 spends 32 bytes on each append until the text is read.
 */
export class DeliveredText {
  /** In UTF-16 units, kept or not. */
  length = 0;
  private settled = '';
  private newest: string[] = [];
  private newestLength = 0;
  private takenBytes = 0;

  /** Without a share nobody will ask for the text, and only its length is known. */
  constructor(private share: ByteShare | undefined) {}

  /** Undefined when it was not kept. */
  get value(): string | undefined {
    return this.share && this.settled + this.newest.join('');
  }

  append(text: string): void {
    this.length += text.length;
    if (!this.share) return;
    this.newest.push(text);
    this.newestLength += text.length;
    if (this.newestLength >= SETTLE_LENGTH || this.newest.length >= SETTLE_LENGTH) this.settle(this.share);
  }

  private settle(share: ByteShare): void {
    const bytes = UNIT_BYTES * this.newestLength;
    if (share.take(bytes)) {
      this.takenBytes += bytes;
      this.settled += this.newest.join('');
    } else {
      share.release(this.takenBytes);
      this.share = undefined;
      this.settled = '';
    }
    this.newest = [];
    this.newestLength = 0;
  }
}
