import fc from 'fast-check';

/** Answers of engines that are good but for one field, which holds any JSON, or what is no JSON. */

type Path = readonly (string | number)[];

/** What the marks are replaced by. */
const WRITTEN = new Map([
  ['<huge>', '1e400'],
  ['<tiny>', '-1e400'],
  ['<exact>', '12345678901234567890'],
  ['<NaN>', 'NaN'],
  ['<deep list>', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['<deep object>', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
]);

/** The JSON of an answer, marks replaced. */
export function writeSpoilt(answer: unknown): string {
  return JSON.stringify(answer).replace(/"(<[A-Za-z ]+>)"/g, (literal, mark: string) => WRITTEN.get(mark) ?? literal);
}

const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown[]>(null, true, false, 0, -1, 1.5, 2 ** 53, '', 'x', [], {}, [null], [[]], [{}], [1], ['a']),
  fc.constantFrom(...WRITTEN.keys()),
  fc.constantFrom('abort', 'error', 'stop', 'length', '__proto__', '\ud800', 'a\n\ndata: b'),
  fc.constant(JSON.parse('{"__proto__":{"index":0},"toString":1,"valueOf":1,"constructor":[]}') as unknown),
  fc.constant(Array.from({ length: 3_000 }, () => 'x')),
  fc.jsonValue(),
);

/** All places in a value, those of the values in it included. */
function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, each]) => pathsOf(each, [...at, name]))];
}

function withValue(target: unknown, [name, ...path]: Path, value: unknown): unknown {
  if (name === undefined) return value;
  if (Array.isArray(target))
    return (target as unknown[]).map((each, at) => (String(at) === name ? withValue(each, path, value) : each));
  return { ...(target as object), [name]: withValue((target as Record<string, unknown>)[name], path, value) };
}

/** The answer with one field replaced, or added. */
export function spoil(answer: object): fc.Arbitrary<unknown> {
  const paths = pathsOf(answer);
  const ofChoice: Path[] = [
    ['choices', '0', 'extra'],
    ['choices', '0', 'tokens'],
  ];
  const missing: Path[] = [['extra'], ['error'], ...('choices' in answer ? ofChoice : [])];
  return fc
    .tuple(fc.constantFrom(...paths, ...missing), anything)
    .map(([path, value]) => withValue(answer, path, value));
}
