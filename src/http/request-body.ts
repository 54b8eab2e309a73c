import type { BodyShare } from './body-budget.js';
import { shapeOf } from '../contract/json-shape.js';
import { parseAgain } from '../contract/parse-json-body.js';

/** Smaller bodies stay parsed: they take no more than the connection that they came on. */
const MIN_FOLDED_BYTES = 4_096;

/** A parsed body takes, as measured, up to 4 times its bytes (strings with a character that is not Latin-1) … */
const HEAP_PER_BYTE = 4;
/** … and 28 bytes for each list, object, item and field. */
const HEAP_PER_ITEM = 32;

/**
 * A request's body, which may have to be sent again until the answer is over. It holds the bytes as they came, and parses them
 * on demand: do not keep the value across an await.
 */
export class RequestBody {
  private parsed: unknown;
  private isParsed = true;
  private isPinned = false;
  private readonly bytes: Buffer | undefined;

  /** `parsed` is the value of `bytes`, for which `share` is held. */
  constructor(
    bytes: Buffer,
    parsed: unknown,
    private readonly share: BodyShare,
  ) {
    this.parsed = parsed;
    this.bytes = bytes.length < MIN_FOLDED_BYTES ? undefined : compact(bytes);
  }

  get value(): unknown {
    if (!this.isParsed && this.bytes) {
      this.parsed = parseAgain(this.bytes);
      this.isParsed = true;
    }
    return this.parsed;
  }

  /** Keeps the bytes only, until `value` is asked for again. */
  fold(): void {
    if (this.isPinned || this.bytes === undefined) return;
    this.parsed = undefined;
    this.isParsed = false;
  }

  /**
   * Keeps it parsed, for an answer that needs the prompt, and charges the share for the memory that this takes.
   *
   * @throws {ApiError} 429 or 503 when that is too much.
   */
  pin(): void {
    if (this.isPinned || this.bytes === undefined) return;
    const { elements, fields } = shapeOf(this.bytes);
    const { length } = this.bytes;
    const bytes = length + HEAP_PER_BYTE * length + HEAP_PER_ITEM * (elements + fields);
    // A single body is always served.
    this.share.resize(Math.min(bytes, this.share.limitBytes));
    this.isPinned = true;
  }

  /** When the request is over. */
  release(): void {
    this.share.release();
  }
}

/** A copy without spare room, where that is large. It stands outside of Node's pool, which it would keep alive. */
function compact(bytes: Buffer): Buffer {
  const spareBytes = bytes.buffer.byteLength - bytes.length;
  if (spareBytes <= bytes.length / 4) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
