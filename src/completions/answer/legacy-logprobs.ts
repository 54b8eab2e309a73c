import { TextDecoder } from 'node:util';
import type { LegacyLogprobs, UpstreamChoice } from './upstream-completion.js';
import { lengthInCodePoints } from '../../common/code-points.js';
import type { Prompt } from '../../contract/prompts.js';
import type { ChoiceFitter } from '../features/feature.js';
import { ignoredBy } from '../plan/unsupported.js';

/** A token in the shape of chat completions, as llama.cpp and LocalAI give it for completions as well. */
interface ChatToken {
  token: string;
  /** Missing where an engine has none, as llama.cpp with `post_sampling_probs`. */
  logprob?: number | null;
  bytes?: number[] | null;
  top_logprobs?: ChatToken[] | null;
}

/** How far the tokens of a choice have come. */
interface Position {
  decoder: TextDecoder;
  /** Where the next token begins, in characters from the start of the prompt. */
  offset: number;
  /** What is added to the upstream's own offsets; known from the first on. */
  shift: number | undefined;
  /** Whether the upstream's own offsets are unusable; known from the first on. */
  isCounted: boolean | undefined;
  /** The echoed prompt from where the next token begins. */
  ahead: string;
  /** The previous token is part of a character: its name does not show where it ends. */
  isInCharacter: boolean;
}

/** Converts log probabilities of any known shape to OpenAI's legacy lists, cut to the requested number. */
export class ToLegacyLogprobs implements ChoiceFitter {
  readonly stage = 'convert';
  private readonly positions = new Map<number, Position>();

  constructor(
    private readonly topCount: number,
    private readonly isEchoed: boolean,
    private readonly promptOf: (index: number) => Prompt,
    /** In characters. */
    private readonly promptLengthOf: (index: number) => number,
  ) {}

  fit(choice: UpstreamChoice): boolean {
    const isFirst = !this.positions.has(choice.index);
    const position = this.positions.get(choice.index) ?? this.begin(choice.index);
    const legacy =
      toLegacy(choice.logprobs, position) ?? this.fitOffsets(asLegacy(choice.logprobs), position, choice.index);
    if (!legacy && choice.text === '') {
      choice.logprobs = null;
      return true;
    }
    if (!legacy && isFirst) throw ignoredBy({ param: 'logprobs', asks: '`logprobs`' });
    this.positions.set(choice.index, position);
    choice.logprobs = legacy ? { ...legacy, top_logprobs: legacy.tokens.map((_, at) => this.topAt(legacy, at)) } : null;
    return true;
  }

  private begin(index: number): Position {
    const prompt = this.promptOf(index);
    const isText = typeof prompt === 'string';
    return {
      decoder: new TextDecoder('utf-8', { ignoreBOM: true }),
      offset: this.isEchoed || !isText ? 0 : this.promptLengthOf(index),
      shift: undefined,
      isCounted: undefined,
      ahead: this.isEchoed && isText ? prompt : '',
      isInCharacter: false,
    };
  }

  /**
   * vLLM counts from the start of the completion, and U+FFFD, which stands for a part of a character, as one; SGLang gives
   * -1 for all.
   */
  private fitOffsets(
    legacy: LegacyLogprobs | undefined,
    position: Position,
    index: number,
  ): LegacyLogprobs | undefined {
    if (!legacy || legacy.tokens.length === 0) return legacy;
    const [first] = legacy.text_offset;
    position.isCounted ??= first === undefined || first < 0 || (position.ahead !== '' && legacy.tokens.some(isPart));
    if (first === undefined || position.isCounted) {
      return { ...legacy, text_offset: legacy.tokens.map((token) => find(position, token)) };
    }
    const isText = typeof this.promptOf(index) === 'string';
    // A template in which the prompt stands is counted, too.
    position.shift ??= isText ? position.offset - first : 0;
    const { shift } = position;
    return shift === 0 ? legacy : { ...legacy, text_offset: legacy.text_offset.map((offset) => offset + shift) };
  }

  /** The likeliest, and the chosen token with them; null where nothing is known, as of a prompt's first token. */
  private topAt({ tokens, token_logprobs, top_logprobs }: LegacyLogprobs, at: number): Record<string, number> | null {
    const logprob = token_logprobs[at] ?? null;
    if (logprob === null) return null;
    const token = tokens[at] ?? '';
    const byLogprob = Object.entries(top_logprobs[at] ?? {}).sort(([, a], [, b]) => b - a);
    const top = Object.fromEntries(byLogprob.slice(0, this.topCount));
    // A token's name may be any text, `__proto__` too.
    if (!Object.hasOwn(top, token)) Object.defineProperty(top, token, { value: logprob, ...ORDINARY });
    return top;
  }
}

const ORDINARY = { enumerable: true, writable: true, configurable: true };

/** The legacy lists; undefined for anything else, and where one of them lacks an entry. */
export function asLegacy(logprobs: UpstreamChoice['logprobs']): LegacyLogprobs | undefined {
  const { tokens, token_logprobs, top_logprobs, text_offset } = logprobs ?? {};
  if (!Array.isArray(tokens) || token_logprobs?.length !== tokens.length) return undefined;
  return {
    ...logprobs,
    tokens,
    token_logprobs,
    top_logprobs: top_logprobs ?? [],
    text_offset: text_offset ?? [],
  };
}

/** The tokens from `begin` to before `end`, both as in `Array.slice`. */
export function sliceTokens(lists: LegacyLogprobs, begin: number, end?: number): LegacyLogprobs {
  return {
    tokens: lists.tokens.slice(begin, end),
    token_logprobs: lists.token_logprobs.slice(begin, end),
    top_logprobs: lists.top_logprobs.slice(begin, end),
    text_offset: lists.text_offset.slice(begin, end),
  };
}

/** Some tokens of the lists. */
export function selectTokens(logprobs: LegacyLogprobs, keeps: (at: number) => boolean): LegacyLogprobs {
  const select = <T>(list: T[]): T[] => list.filter((_, at) => keeps(at));
  return {
    tokens: select(logprobs.tokens),
    token_logprobs: select(logprobs.token_logprobs),
    top_logprobs: select(logprobs.top_logprobs),
    text_offset: select(logprobs.text_offset),
  };
}

function toLegacy(logprobs: UpstreamChoice['logprobs'], position: Position): LegacyLogprobs | undefined {
  const { content } = logprobs ?? {};
  if (!Array.isArray(content)) return undefined;
  const tokens = content as ChatToken[];
  return {
    tokens: tokens.map(nameOf),
    token_logprobs: tokens.map(({ logprob }) => logprob ?? null),
    top_logprobs: tokens.map(({ top_logprobs: top }) => Object.fromEntries((top ?? []).flatMap(scored))),
    text_offset: tokens.map(({ token, bytes }) => advance(position, token, bytes)),
  };
}

/** A token that is likely to some known degree. */
function scored(token: ChatToken): [name: string, logprob: number][] {
  return typeof token.logprob === 'number' ? [[nameOf(token), token.logprob]] : [];
}

/** @returns where the token begins; a character that it only begins counts with the token that completes it. */
function advance(position: Position, token: string, bytes: number[] | null | undefined): number {
  const { offset } = position;
  const text = bytes ? position.decoder.decode(Uint8Array.from(bytes), { stream: true }) : token;
  position.offset += lengthInCodePoints(text);
  return offset;
}

/**
 * @returns where a token begins of which nothing is known but its name. In an echoed prompt, parts of characters are
 *   followed by the next place where the next whole token stands, so that what comes after is counted right again.
 */
function find(position: Position, token: string): number {
  if (position.ahead !== '' && isPart(token)) {
    position.isInCharacter = true;
    return position.offset;
  }
  if (position.isInCharacter) {
    const at = position.ahead.indexOf(token, 1);
    skip(position, at === -1 ? position.ahead.length : at);
    position.isInCharacter = false;
  }
  const { offset } = position;
  position.ahead = position.ahead.slice(token.length);
  position.offset += lengthInCodePoints(token);
  return offset;
}

function skip(position: Position, length: number): void {
  position.offset += lengthInCodePoints(position.ahead.slice(0, length));
  position.ahead = position.ahead.slice(length);
}

function isPart(token: string): boolean {
  return token.includes('\uFFFD');
}

/** A part of a character has no text, so that U+FFFD stands for it, or nothing: OpenAI names it by its bytes. */
function nameOf({ token, bytes }: ChatToken): string {
  const mayBePart = token === '' || isPart(token);
  if (!mayBePart || !bytes || bytes.length === 0 || Buffer.from(token).equals(Uint8Array.from(bytes))) return token;
  return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
}
