/** A GGUF file's data about one token. */
export interface TokenKind {
  /** A token that steers the model and has no text: start and end of text, fill-in-the-middle, … */
  readonly isControl: boolean;
  /** A token whose spelling in the file is its text, not encoded by the tokenizer. */
  readonly isVerbatim: boolean;
}

export interface VocabularySource {
  /** `tokenizer.ggml.model`: `gpt2` for byte-level BPE; others write `▁` for a space and `<0x0A>` for a byte. */
  readonly tokenizerModel: string;
  /** `tokenizer.ggml.tokens`. */
  readonly spellings: readonly string[];
  kindOf(token: number): TokenKind;
}

/**
 * The exact bytes of each token.
 *
 * llama.cpp's detokenizer returns U+FFFD for a token that is part of a character, and for some tokenizers drops spaces
 * before punctuation. So the bytes are decoded from the spelling in the file.
 */
export class Vocabulary {
  readonly #bytes: (Uint8Array | undefined)[] = [];
  readonly #names: (string | undefined)[] = [];
  #longestTokenBytes: number | undefined;

  constructor(private readonly source: VocabularySource) {}

  get size(): number {
    return this.source.spellings.length;
  }

  /** An upper bound of the bytes of any token. */
  get longestTokenBytes(): number {
    return (this.#longestTokenBytes ??= this.source.spellings.reduce(
      (most, spelling) => Math.max(most, Buffer.byteLength(spelling)),
      1,
    ));
  }

  isControl(token: number): boolean {
    return this.source.kindOf(token).isControl;
  }

  /** The bytes that a token adds to a text: none for a control token. */
  bytesOf(token: number): Uint8Array {
    return (this.#bytes[token] ??= this.#decode(token));
  }

  /**
   * The name of a token in `logprobs`: its text; for a control token its spelling; for a part of a character
   * `bytes:\xe2\x80`, as OpenAI writes it.
   */
  nameOf(token: number): string {
    return (this.#names[token] ??= this.#name(token));
  }

  /** The bytes of a token in a prompt, where a control token counts as its spelling. */
  promptBytesOf(token: number): Uint8Array {
    return this.isControl(token) ? Buffer.from(this.#spellingOf(token)) : this.bytesOf(token);
  }

  /** The text of tokens of a prompt. */
  promptTextOf(tokens: readonly number[]): string {
    return Buffer.concat(tokens.map((token) => this.promptBytesOf(token))).toString();
  }

  #name(token: number): string {
    if (this.isControl(token)) return this.#spellingOf(token);
    const bytes = Buffer.from(this.bytesOf(token));
    const text = bytes.toString();
    if (Buffer.from(text).equals(bytes)) return text;
    return `bytes:${Array.from(bytes, nameByte).join('')}`;
  }

  #spellingOf(token: number): string {
    return this.source.spellings[token] ?? '';
  }

  #decode(token: number): Uint8Array {
    const spelling = this.#spellingOf(token);
    const { isControl, isVerbatim } = this.source.kindOf(token);
    if (isControl) return new Uint8Array();
    if (isVerbatim) return Buffer.from(spelling);
    if (this.source.tokenizerModel === 'gpt2') return decodeByteLevel(spelling);
    const byte = /^<0x([0-9A-F]{2})>$/.exec(spelling)?.[1];
    return byte === undefined ? Buffer.from(spelling.replaceAll('▁', ' ')) : Uint8Array.of(parseInt(byte, 16));
  }
}

function nameByte(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** A spelling outside of the byte alphabet, such as an added token's, is plain text. */
function decodeByteLevel(spelling: string): Uint8Array {
  const bytes = Array.from(spelling, (character) => BYTE_OF_CHARACTER.get(character));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : Buffer.from(spelling);
}

/**
 * GPT-2 spells each byte as one printable character: itself if it is printable in Latin-1, else the next free character from
 * U+0100 on (`bytes_to_unicode` in https://github.com/openai/gpt-2/blob/master/src/encoder.py).
 */
const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = byteAlphabet();

function byteAlphabet(): Map<string, number> {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  return new Map(bytes.map((byte) => [String.fromCodePoint(isPrintable(byte) ? byte : next++), byte]));
}
