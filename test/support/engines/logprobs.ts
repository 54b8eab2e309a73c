import type { Entry } from './run.js';
import { topOf } from './tiny-model.js';
import { bytesOf, nameOf } from './tiny-vocabulary.js';

/** OpenAI's legacy shape: four lists of the same length. */
export interface LegacyLogprobs {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[];
  text_offset: number[];
}

/** What a token is called. */
type Naming = (token: number) => string;

/** As a tokenizer decodes it alone: a part of a character is none. */
export const decodedAlone: Naming = (token) => (bytesOf(token).length > 0 ? bytesOf(token).toString() : nameOf(token));

/** As llama.cpp does: of a part of a character nothing is left. */
export const wholeCharacters: Naming = (token) => decodedAlone(token).replaceAll('\uFFFD', '');

/** The contract's: each map has the chosen token, and with 0 nothing else. */
export function legacyLogprobs(entries: readonly Entry[], count: number, name: Naming = nameOf): LegacyLogprobs {
  return {
    tokens: entries.map(({ token }) => name(token)),
    token_logprobs: entries.map(({ scored }) => scored?.logprob ?? null),
    top_logprobs: entries.map(({ scored }) => {
      if (!scored) return null;
      const top = [...topOf(scored, count), scored];
      return Object.fromEntries(top.map(({ token, logprob }) => [name(token), logprob]));
    }),
    text_offset: entries.map(({ offset }) => offset),
  };
}

/** The shape of chat completions, with the bytes of each token; the top has the chosen one only if it belongs there. */
export function chatLogprobs(
  entries: readonly Entry[],
  count: number,
  name: Naming = decodedAlone,
): { content: object[] } {
  const describe = ({ token, logprob }: { token: number; logprob: number }): object => {
    const text = name(token);
    const bytes = bytesOf(token).length > 0 ? bytesOf(token) : Buffer.from(text);
    return { token: text, bytes: [...bytes], logprob };
  };
  const content = entries.flatMap(({ scored }) =>
    scored ? [{ ...describe(scored), top_logprobs: topOf(scored, count).map(describe) }] : [],
  );
  return { content };
}
