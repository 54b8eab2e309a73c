import type { Issue } from '../errors/api-error.js';

/** Items of all lists of a body: token ids, texts, … */
export const MAX_ELEMENTS = 1_000_000;

/** Fields of all objects of a body, those of `logit_bias` too. */
export const MAX_FIELDS = 10_000;

/** Deeper than any parameter of any engine (a JSON schema for guided decoding is the deepest), and safe to recurse. */
export const MAX_DEPTH = 64;

/**
 * A smaller body cannot break the first two bounds, since a field takes at least five bytes (`"":1,`) and an item two: it is
 * not scanned. Its depth is checked by `explainExtras`.
 */
export const MIN_BOUNDED_BYTES = 5 * MAX_FIELDS;

/** The amount of structure in a JSON text. */
export interface JsonShape {
  /** Items of all lists; an empty list or object counts as one more. */
  elements: number;
  fields: number;
  depth: number;
}

/**
 * Counts the punctuation outside of strings, in one pass over the bytes, which need not be valid JSON.
 *
 * A parsed body takes up to 20 times its bytes, and every rule walks all of it: it is bounded before it is parsed.
 */
export function shapeOf(bytes: Uint8Array): JsonShape {
  let commas = 0;
  let colons = 0;
  let containers = 0;
  let level = 0;
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at + 1);
    else if (byte === COMMA) commas++;
    else if (byte === COLON) colons++;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      containers++;
      if (++level > depth) depth = level;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) level--;
  }
  // A container that is not empty has one more item or field than commas.
  return { elements: Math.max(0, commas + containers - colons), fields: colons, depth };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The index of the closing quote of the string that begins before `start`. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** The bound that a shape exceeds, if any. */
export function explainShape({ elements, fields, depth }: JsonShape): Issue | undefined {
  if (depth > MAX_DEPTH) return { loc: ['body'], ...TOO_DEEP };
  if (elements > MAX_ELEMENTS) return tooMany('lists', MAX_ELEMENTS, 'items');
  if (fields > MAX_FIELDS) return tooMany('objects', MAX_FIELDS, 'fields');
  return undefined;
}

export const TOO_DEEP = {
  msg: `Value error, nested deeper than ${MAX_DEPTH} levels`,
  type: 'value_error',
};

function tooMany(containers: string, most: number, items: string): Issue {
  return { loc: ['body'], msg: `All ${containers} together should have at most ${most} ${items}`, type: 'too_long' };
}
