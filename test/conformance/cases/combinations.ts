import fc from 'fast-check';
import type { Body } from '../../support/engines/asked.js';
import { tokenize, tokenOf } from '../../support/engines/tiny-vocabulary.js';

const TEXTS = ['The cat', 'Tell', 'Once upon a time', 'Señor 🦊 ', 'Zażółć 🦄'];
const text = fc.constantFrom(...TEXTS);
const ids = fc.constantFrom(...TEXTS.map(tokenize));
/** Parts of what the tiny model likes to say, within tokens and across their borders. */
const stopText = fc.constantFrom('e', ' s', 'a', 'ed ', 'the', '🦊', ' ', 'n b', '.', 'xyz', 'The', 'ou', 'é');

/** A field that is given, null, or not there at all. */
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.constant(null), { weight: 3, arbitrary: value });

const BIASES = [{}, { [tokenOf(' fox')]: 12 }, { [tokenOf(' 🦊')]: 14, [tokenOf(' café')]: 14 }, { '0': -100 }];

/** Everything that the contract has, in any combination, with the seed that makes the answer a known one. */
export const anyCombination: fc.Arbitrary<Body> = fc
  .record({
    prompt: fc.oneof(
      { weight: 4, arbitrary: text },
      { weight: 2, arbitrary: fc.array(text, { minLength: 1, maxLength: 3 }) },
      ids,
      fc.array(ids, { minLength: 1, maxLength: 3 }),
    ),
    seed: fc.constantFrom(0, 1, -1, 7, 2 ** 40),
    max_tokens: fc.constantFrom(0, 1, 2, 5, 9),
    n: maybe(fc.integer({ min: 1, max: 3 })),
    best_of: maybe(fc.integer({ min: 0, max: 4 })),
    echo: maybe(fc.boolean()),
    logprobs: maybe(fc.constantFrom(0, 1, 3)),
    stop: maybe(fc.oneof(stopText, fc.array(stopText, { maxLength: 4 }))),
    suffix: maybe(fc.constantFrom('', ' home.', ' 🙂')),
    temperature: maybe(fc.constantFrom(0, 0.7, 1, 2)),
    top_p: maybe(fc.constantFrom(0.3, 0.9, 1)),
    frequency_penalty: maybe(fc.constantFrom(0, 1, -1)),
    presence_penalty: maybe(fc.constantFrom(0, 1)),
    logit_bias: maybe(fc.constantFrom(...BIASES)),
    stream: maybe(fc.boolean()),
    stream_options: maybe(fc.record({ include_usage: fc.boolean() })),
    user: maybe(fc.constant('somebody')),
  })
  .map(withoutUndefined)
  .filter(isValid);

function withoutUndefined(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

/** What contradicts itself is for the tests of the validation. */
function isValid({ best_of: bestOf, n, stream }: Body): boolean {
  const count = Number(bestOf ?? 0);
  return count === 0 || (count >= Number(n ?? 1) && (count === 1 || stream !== true));
}
