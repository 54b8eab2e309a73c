/** No buffer is smaller. */
const MIN_CAPACITY_BYTES = 512;

/** How much of the expected bytes is allocated before they come. */
const AHEAD_BYTES = 65_536;

/**
 * Bytes that come in pieces, in one buffer that doubles: a list of pieces costs about 100 bytes each, and keeps alive the
 * buffers that they are slices of. A single piece is kept as it came, without a copy.
 */
export class GrowingBytes {
  /** What came; a copy has room for more behind it. */
  private bytes: Buffer | undefined;
  private isCopy = false;
  private sizeBytes = 0;

  /** `expectedBytes`: how many will come, if known; no more than that is allocated. */
  constructor(private readonly expectedBytes = 0) {}

  get length(): number {
    return this.sizeBytes;
  }

  append(piece: Buffer): void {
    if (piece.length === 0) return;
    if (this.bytes === undefined) {
      this.bytes = piece;
      this.sizeBytes = piece.length;
      return;
    }
    const sizeBytes = this.sizeBytes + piece.length;
    if (!this.isCopy || sizeBytes > this.bytes.length) this.grow(this.bytes, sizeBytes);
    piece.copy(this.bytes, this.sizeBytes);
    this.sizeBytes = sizeBytes;
  }

  /** Returns all that came, and starts anew. */
  take(): Buffer {
    const bytes = this.bytes?.subarray(0, this.sizeBytes) ?? Buffer.alloc(0);
    this.bytes = undefined;
    this.isCopy = false;
    this.sizeBytes = 0;
    return bytes;
  }

  /** All that came and the first `end` bytes of `piece`, as text; forgotten here. */
  takeText(piece: Buffer, end: number): string {
    if (this.sizeBytes === 0) return piece.toString('utf8', 0, end);
    this.append(piece.subarray(0, end));
    return this.take().toString();
  }

  private grow(bytes: Buffer, sizeBytes: number): void {
    const grown = Buffer.allocUnsafe(this.capacityFor(sizeBytes));
    bytes.copy(grown, 0, 0, this.sizeBytes);
    this.bytes = grown;
    this.isCopy = true;
  }

  private capacityFor(sizeBytes: number): number {
    if (sizeBytes > this.expectedBytes) return Math.max(MIN_CAPACITY_BYTES, 2 * sizeBytes);
    return Math.min(this.expectedBytes, Math.max(AHEAD_BYTES, 2 * sizeBytes));
  }
}
