import { parseExactly } from '../../common/exact-json.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';

/** Deeper than any field of any engine, and safe to recurse, here and at the client. */
const MAX_DEPTH = 64;

/** 128 choices of 4,096 tokens with five log probabilities each have fewer. A value takes up to 56 bytes when it is read. */
const MAX_VALUES = 5_000_000;

/**
 * Reads an upstream's JSON, in which integers keep their digits.
 *
 * @throws {UpstreamError} when it is none, or so deep or of so many values that to read it would hurt others.
 */
export function parseAnswer(json: string): unknown {
  checkStructure(json);
  try {
    return parseExactly(json);
  } catch (cause) {
    throw new UpstreamError('answered', 'an answer that is not JSON', { cause });
  }
}

/** Counts what stands outside of strings, in one pass; the text need not be JSON. */
function checkStructure(json: string): void {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(json, at);
        break;
      case COMMA:
        values++;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        values++;
        if (++depth > MAX_DEPTH)
          throw new UpstreamError('answered', `an answer that is nested deeper than ${MAX_DEPTH} levels`);
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
      default:
    }
  }
  if (values > MAX_VALUES) throw new UpstreamError('answered', `an answer of more than ${MAX_VALUES} values`);
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The closing quote of the string that opens at `opening`. One behind an odd number of backslashes is in the string. */
function endOfString(json: string, opening: number): number {
  for (let quote = json.indexOf('"', opening + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let at = quote - 1;
    while (json.charCodeAt(at) === BACKSLASH) at--;
    if ((quote - at) % 2 === 1) return quote;
  }
  return json.length;
}
