/** The tokens of the tiny model that stand for no text. */
export const END = 0;
export const FIM_PREFIX = 1;
const FIM_SUFFIX = 2;
const FIM_MIDDLE = 3;

const SPECIAL = ['<|end|>', '<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>'];

/** How a prompt and a suffix are arranged for the tiny model, as `fimTemplates` of an upstream would say it. */
export const FIM_TEMPLATE = '<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>';

const FIRST_BYTE = SPECIAL.length;
export const FIRST_PIECE = FIRST_BYTE + 256;

const WORDS = `
the a an and or but so then when while of in on at to from with by for as is was were has had did said saw ran sat ate
slept sang told went came took gave made found kept lost left held heard knew felt thought wanted liked loved asked
answered looked jumped laughed cried danced walked talked waited worked played opened closed turned carried
cat dog fox owl bear mouse bird fish frog horse king queen girl boy man woman friend mother father sister brother child
house garden tree river lake sea hill road bridge window door table chair bed lamp book story song letter box key ball
hat coat shoe bread soup cake apple honey milk water fire wind rain snow sun moon star night day morning evening
little big old young happy sad brave quick slow quiet loud red blue green warm cold soft dark bright small long
very never always soon again away home here there up down out over under near far once upon time he she it they his her
their him them who that this one two three four five
`;

/** Whole words stand with a space before them, names and begins of sentences also without. */
const PIECES = [
  ...new Set([
    ...(WORDS.match(/\S+/g) ?? []).map((word) => ` ${word}`),
    ...['Once', ' Once', 'The', ' The', 'Tell', ' Mia', ' Leo', ' Ben', 'One', ' One', 'He', 'She', 'Hello', ' world'],
    ...['.', ',', '!', '?', ':', ';', '\n', '\n\n', '."', ' "', '...', '’s', ' –', '—'],
    ...['é', ' café', 'ñ', ' Señor', 'ü', ' für', 'ß', ' 中', '文', ' Москва', ' 🦊', '🙂', ' 🎈', 'ä', 'ö', ' naïve'],
    ...[
      'ing',
      'ed',
      'er',
      'ly',
      'ness',
      'un',
      're',
      'th',
      'st',
      'ou',
      'ea',
      'ch',
      'sh',
      'qu',
      'ight',
      'ack',
      'ell',
      'oo',
    ],
    ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'k', 'l', 'm', 'n', 'o', 'p', 'r', 's', 't', 'u', 'w', 'y', ' '],
  ]),
];

export const VOCABULARY_SIZE = FIRST_PIECE + PIECES.length;

const PIECE_BYTES = PIECES.map((piece) => Buffer.from(piece));
const ids = new Map(PIECES.map((piece, index) => [piece, FIRST_PIECE + index]));
const LONGEST_PIECE = Math.max(...PIECES.map(({ length }) => length));

/** What a token adds to a text; the special ones add nothing. */
export function bytesOf(token: number): Buffer {
  if (token < FIRST_BYTE) return Buffer.alloc(0);
  if (token < FIRST_PIECE) return Buffer.of(token - FIRST_BYTE);
  const bytes = PIECE_BYTES[token - FIRST_PIECE];
  if (!bytes) throw new RangeError(`${token} is no token of the tiny model`);
  return bytes;
}

export function textOf(tokens: readonly number[]): string {
  return Buffer.concat(tokens.map(bytesOf)).toString();
}

/** A token's name as OpenAI writes it: its text, or the bytes where they are a part of a character. */
export function nameOf(token: number): string {
  if (token < FIRST_BYTE) return SPECIAL[token] ?? '';
  const bytes = bytesOf(token);
  const isWhole = Buffer.from(bytes.toString()).equals(bytes);
  return isWhole ? bytes.toString() : `bytes:${[...bytes].map((byte) => `\\x${byte.toString(16)}`).join('')}`;
}

/** The token of exactly this text. */
export function tokenOf(text: string): number {
  const [token, ...others] = tokenize(text);
  if (token === undefined || others.length > 0) throw new RangeError(`${text} is not one token of the tiny model`);
  return token;
}

/** The tokens of any text: at each place the longest piece that is there, or else one byte. */
export function tokenize(text: string): number[] {
  const tokens: number[] = [];
  for (let at = 0; at < text.length;) {
    const special = SPECIAL.findIndex((name) => text.startsWith(name, at));
    if (special >= 0) {
      tokens.push(special);
      at += SPECIAL[special]?.length ?? 0;
      continue;
    }
    const piece = longestPieceAt(text, at);
    if (piece !== undefined) {
      tokens.push(ids.get(piece) ?? NaN);
      at += piece.length;
      continue;
    }
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    tokens.push(...[...Buffer.from(character)].map((byte) => FIRST_BYTE + byte));
    at += character.length;
  }
  return tokens;
}

function longestPieceAt(text: string, at: number): string | undefined {
  for (let length = LONGEST_PIECE; length > 0; length--) {
    const piece = text.slice(at, at + length);
    if (ids.has(piece)) return piece;
  }
  return undefined;
}

/** The tokens that the model reads to fill the gap between a prompt and a suffix. */
export function arrange(prompt: readonly number[], suffix: string): number[] {
  return suffix === '' ? [...prompt] : [FIM_PREFIX, ...prompt, FIM_SUFFIX, ...tokenize(suffix), FIM_MIDDLE];
}
