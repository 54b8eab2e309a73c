import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  explainShape,
  type JsonShape,
  MAX_DEPTH,
  MAX_ELEMENTS,
  MAX_FIELDS,
  MIN_BOUNDED_BYTES,
  shapeOf,
} from './json-shape.js';

/** The same of a parsed value. */
function countIn(value: unknown): JsonShape {
  if (typeof value !== 'object' || value === null) return { elements: 0, fields: 0, depth: 0 };
  const children = Object.values(value).map(countIn);
  const sum = (of: (shape: JsonShape) => number): number => children.reduce((total, child) => total + of(child), 0);
  const isEmpty = children.length === 0;
  return {
    elements: sum(({ elements }) => elements) + (isEmpty ? 1 : Array.isArray(value) ? children.length : 0),
    fields: sum(({ fields }) => fields) + (Array.isArray(value) ? 0 : children.length),
    depth: 1 + Math.max(0, ...children.map(({ depth }) => depth)),
  };
}

const shapeOfText = (json: string): JsonShape => shapeOf(Buffer.from(json));

describe('shapeOf', () => {
  it('counts what stands in the parsed value, an empty list or object as one item more', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"', '\\', '\\"', '[{:,}]', '\\\\"'));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, -1.5e10),
        text,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2), (each, space) => {
        expect(shapeOfText(JSON.stringify(each, null, space))).toEqual(countIn(each));
      }),
    );
  });

  it.each(['', '"', '"\\', '[[[', ']]]]', '{"a":"\\', ',,,::', '\\"[', '\u0000'])('comes to an end with %j', (text) => {
    expect(shapeOfText(text)).toBeDefined();
  });

  it('knows that a body below 50,000 bytes has no more fields than it may', () => {
    const most = `{${Array.from({ length: MAX_FIELDS + 1 }, () => '"":1').join(',')}}`;
    expect(shapeOfText(most).fields).toBe(MAX_FIELDS + 1);
    expect(most.length).toBeGreaterThan(MIN_BOUNDED_BYTES);
  });
});

describe('explainShape', () => {
  const atMost = { elements: MAX_ELEMENTS, fields: MAX_FIELDS, depth: MAX_DEPTH };

  it('has nothing against the bounds themselves', () => {
    expect(explainShape(atMost)).toBeUndefined();
  });

  it.each([
    ['elements', 'All lists together should have at most 1000000 items', 'too_long'],
    ['fields', 'All objects together should have at most 10000 fields', 'too_long'],
    ['depth', 'Value error, nested deeper than 64 levels', 'value_error'],
  ] as const)('names the bound of too many %s', (what, msg, type) => {
    expect(explainShape({ ...atMost, [what]: atMost[what] + 1 })).toEqual({ loc: ['body'], msg, type });
  });
});
