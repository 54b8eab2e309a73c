import type { BodyShare } from './body-budget.js';
import { shapeOf } from '../contract/json-shape.js';
import { parseAgain } from '../contract/parse-json-body.js';

/** What is smaller stays parsed: it takes no more than the connection that it came on. */
const MIN_FOLDED_BYTES = 4_096;

/** What a parsed body takes: measured were up to 4 times its bytes (texts of which a character is not Latin 1) … */
const HEAP_PER_BYTE = 4;
/** … and 28 bytes for each list, object, item and field. */
const HEAP_PER_ITEM = 32;

/**
 * A request's body, which may have to be sent again until the answer is over. It holds the bytes as they came, and parses them
 * when asked: do not keep what was parsed across an await.
 */
export class RequestBody {
  private parsed: unknown;
  private isParsed = true;
  private isPinned = false;
  private readonly bytes: Buffer | undefined;

  /** `parsed` is what `bytes` say, for which `share` is held. */
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
   * For those whose answer needs the prompt: it stays parsed, and is counted as what that takes.
   *
   * @throws {ApiError} 429 or 503 when that is too much.
   */
  pin(): void {
    if (this.isPinned || this.bytes === undefined) return;
    const { elements, fields } = shapeOf(this.bytes);
    const { length } = this.bytes;
    const bytes = length + HEAP_PER_BYTE * length + HEAP_PER_ITEM * (elements + fields);
    // One body alone is always served.
    this.share.resize(Math.min(bytes, this.share.limitBytes));
    this.isPinned = true;
  }

  /** When the request is over. */
  release(): void {
    this.share.release();
  }
}

/** Without the room that was made for more, and in no pool, which it would keep alive. */
function compact(bytes: Buffer): Buffer {
  const spareBytes = bytes.buffer.byteLength - bytes.length;
  if (spareBytes <= bytes.length / 4) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
