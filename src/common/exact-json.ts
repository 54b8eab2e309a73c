import { randomBytes } from 'node:crypto';

/**
 * An integer of a JSON text that no double holds, made by `JSON.rawJSON`: `JSON.stringify` writes its digits as they came.
 * For `typeof` it is an object; it is frozen, has no prototype (arithmetic with it throws), and cannot be cloned.
 */
export interface ExactInteger {
  readonly rawJSON: string;
}

declare global {
  // TypeScript has no types for it yet: https://tc39.es/ecma262/#sec-json.rawjson
  interface JSON {
    rawJSON(text: string): ExactInteger;
    isRawJSON(value: unknown): value is ExactInteger;
  }
}

/** Doubles hold every integer of so many digits. */
const SAFE_DIGITS = 15;

/** Enough for an id per prompt of a batch. Exact integers cost 30 times as much as others. */
const MAX_EXACT = 10_000;

/** Reading a long decimal takes more than linear time. */
const MAX_ADDED_LENGTH = 100;

/** Prefix of the strings that replace exact integers while a text is parsed; clients cannot guess it. */
const MARK = randomBytes(12).toString('base64');

/**
 * `JSON.parse`, but an integer whose digits `JSON.stringify` would change becomes an `ExactInteger`.
 *
 * Numbers with a fraction or an exponent are the nearest doubles, as in every JSON parser. A text without a long integer
 * costs a look at every 16th character on top of `JSON.parse`; any other is parsed twice and walked once, in linear time
 * and at any depth.
 *
 * @throws {SyntaxError} as `JSON.parse` does.
 * @throws {RangeError} for more than 10,000 such integers.
 */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const long = nextLong(text, 0);
  if (!long) return value;
  const marked = markExact(text, long);
  return marked === undefined ? value : unmark(JSON.parse(marked));
}

export function isExact(value: unknown): value is ExactInteger {
  return typeof value === 'object' && value !== null && JSON.isRawJSON(value);
}

/** Whether a parsed value is an object, and neither a list nor an exact integer. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/** The nearest double of an exact integer, as `JSON.parse` reads it; any other value as it is. */
export function toDouble(value: unknown): unknown {
  return isExact(value) ? Number(value.rawJSON) : value;
}

/** The sum of two integers of up to 100 digits, to the digit; of other numbers, the nearest double. */
export function addExactly(a: number | ExactInteger, b: number | ExactInteger): number | ExactInteger {
  const rough = Number(toDouble(a)) + Number(toDouble(b));
  if (!isInteger(a) || !isInteger(b)) return rough;
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b) && Number.isSafeInteger(rough)) return rough;
  const sum = toBigInt(a) + toBigInt(b);
  const rounded = Number(sum);
  return Number.isSafeInteger(rounded) ? rounded : JSON.rawJSON(String(sum));
}

/** The integer that `JSON.stringify` writes. @throws {RangeError} when `value` is no integer. */
export function toBigInt(value: number | ExactInteger): bigint {
  if (typeof value !== 'number') return BigInt(value.rawJSON);
  return BigInt(Math.abs(value) < 1e21 ? String(value) : value);
}

function isInteger(value: number | ExactInteger): boolean {
  return typeof value === 'number' ? Number.isInteger(value) : value.rawJSON.length <= MAX_ADDED_LENGTH;
}

/** The digits and sign of what may be a long integer; or it is within a string. */
interface Digits {
  start: number;
  end: number;
}

/** The first at `from` or later. Reads every 16th character, and the neighbours of a digit. */
function nextLong(text: string, from: number): Digits | undefined {
  for (let at = from + SAFE_DIGITS; at < text.length; at += SAFE_DIGITS + 1) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let start = at;
    while (start > from && isDigit(text.charCodeAt(start - 1))) start--;
    while (isDigit(text.charCodeAt(at + 1))) at++;
    if (at - start < SAFE_DIGITS) continue;
    if (start > from && text.charCodeAt(start - 1) === MINUS) start--;
    const end = at + 1;
    if (isBoundary(text.charCodeAt(start - 1)) && isBoundary(text.charCodeAt(end))) return { start, end };
  }
  return undefined;
}

const MINUS = 0x2d;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether it may be next to a number: white space, `,`, `:`, a bracket, a brace, or (NaN) the end of the text. */
function isBoundary(code: number): boolean {
  switch (code) {
    case 0x20:
    case 0x09:
    case 0x0a:
    case 0x0d:
    case 0x2c:
    case 0x3a:
    case 0x5b:
    case 0x5d:
    case 0x7d:
      return true;
    default:
      return Number.isNaN(code);
  }
}

/** The JSON text with each exact integer replaced by a marked string; undefined when it has none. */
function markExact(text: string, first: Digits): string | undefined {
  const pieces: string[] = [];
  let copiedTo = 0;
  /** Always outside of strings. */
  let at = 0;
  for (let long: Digits | undefined = first; long; long = nextLong(text, at)) {
    const { start, end } = long;
    // No cached `indexOf`: V8 assumes that it is cheap, and calls it again on each round.
    while (at < start) at = text.charCodeAt(at) === QUOTE ? endOfString(text, at) : at + 1;
    const isInString = at > start;
    if (isInString) continue;
    at = end;
    const digits = text.slice(start, end);
    if (comesOutTheSame(digits)) continue;
    if (pieces.length === MAX_EXACT) {
      throw new RangeError(`more than ${MAX_EXACT} integers beyond ±${Number.MAX_SAFE_INTEGER}`);
    }
    pieces.push(`${text.slice(copiedTo, start)}"${MARK}${digits}"`);
    copiedTo = end;
  }
  return copiedTo === 0 ? undefined : pieces.join('') + text.slice(copiedTo);
}

/** Whether `JSON.stringify` surely writes the nearest double with the same digits. */
function comesOutTheSame(digits: string): boolean {
  const value = Number(digits);
  return Number.isSafeInteger(value) || (Math.abs(value) < 1e21 && FEW_DIGITS_AND_ZEROS.test(digits));
}

/** Every decimal of 15 significant digits comes back from a double; below 1e21 it is written without an exponent. */
const FEW_DIGITS_AND_ZEROS = /^-?\d{1,15}0*$/;

/** The index after the closing quote. A quote after an odd number of backslashes is part of the string. */
function endOfString(text: string, opening: number): number {
  for (let quote = text.indexOf('"', opening + 1); ; quote = text.indexOf('"', quote + 1)) {
    let at = quote - 1;
    while (text.charCodeAt(at) === BACKSLASH) at--;
    if ((quote - at) % 2 === 1) return quote + 1;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

type Container = unknown[] | Record<string, unknown>;

/** Replaces marked strings with exact integers. */
function unmark(root: unknown): unknown {
  if (isMarked(root)) return unmarked(root);
  const containers = [root as Container];
  const visit = (value: unknown): boolean => {
    if (typeof value === 'object' && value !== null) containers.push(value as Container);
    return isMarked(value);
  };
  for (let container = containers.pop(); container; container = containers.pop()) {
    if (Array.isArray(container)) {
      for (let index = 0; index < container.length; index++) {
        const value = container[index];
        if (visit(value)) container[index] = unmarked(value as string);
      }
    } else {
      for (const name in container) {
        const value = container[name];
        if (visit(value)) assign(container, name, unmarked(value as string));
      }
    }
  }
  return root;
}

function isMarked(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(MARK);
}

function unmarked(value: string): ExactInteger {
  return JSON.rawJSON(value.slice(MARK.length));
}

function assign(object: Record<string, unknown>, name: string, value: unknown): void {
  // An assignment would set the prototype.
  if (name === '__proto__') Object.defineProperty(object, name, { value });
  else object[name] = value;
}
