import { formatEvent } from '../../upstreams/event-stream.js';

/** A sample text, by which the position of a chunk's text is found. */
const ANY_TEXT = '\u0001';
const ANY_LITERAL = JSON.stringify(ANY_TEXT);

/** A chunk with a hole where its text is: what comes before, and what comes after. */
interface Hole {
  head: string;
  tail: string;
}

/** How the upstream writes a chunk of one choice, and how the client gets it. */
interface Shape {
  index: number;
  data: Hole;
  event: Hole;
}

/** The content of a chunk of a learned shape. */
export interface PlainChunk {
  index: number;
  text: string;
  /** The event for the client. */
  event: string;
}

/** UTF-16 units. A longer chunk is not like the others, and a regular expression may not get through it. */
const MAX_LEARNED_LENGTH = 65_536;

/** After this many misses in a row, learning costs more than it saves. */
const MAX_MISSES = 8;

/**
 * Recognizes a chunk that differs from a learned one in its text alone, as nearly all chunks of a stream do, and reads the text
 * without parsing the rest.
 */
export class PlainChunks {
  private shape: Shape | undefined;
  private misses = 0;

  /** The chunk's content, when it differs from a learned one in its text alone. */
  read(data: string): PlainChunk | undefined {
    if (!this.shape) return undefined;
    const literal = within(this.shape.data, data);
    const text = literal === undefined ? undefined : textOf(literal);
    if (literal === undefined || text === undefined) return undefined;
    this.misses = 0;
    const { index, event } = this.shape;
    return { index, text, event: event.head + literal + event.tail };
  }

  /** Call when a choice has finished: its further chunks are not for the client. */
  forget(): void {
    this.shape = undefined;
  }

  /**
   * Learns the shape of a one-choice chunk that stays valid with any other text. `rewrite` writes the client's event with a
   * given text; undefined where it is the upstream's own.
   */
  learn(data: string, index: number, rewrite: ((text: string) => string) | undefined): void {
    if (this.misses++ > MAX_MISSES || data.length > MAX_LEARNED_LENGTH) return;
    const hole = holeIn(data);
    const event = rewrite
      ? holeInEvent(rewrite(ANY_TEXT))
      : hole && holeInEvent(formatEvent(hole.head + ANY_LITERAL + hole.tail));
    this.shape = hole && event && { index, data: hole, event };
  }
}

function holeInEvent(event: string): Hole | undefined {
  const [head = '', tail, ...others] = event.split(ANY_LITERAL);
  return tail !== undefined && others.length === 0 ? { head, tail } : undefined;
}

/** The content of the hole; undefined when the text around it differs. */
function within({ head, tail }: Hole, data: string): string | undefined {
  const fits = data.length > head.length + tail.length && data.startsWith(head) && data.endsWith(tail);
  return fits ? data.slice(head.length, data.length - tail.length) : undefined;
}

const QUOTE = '"';

/** Undefined for anything but a JSON string without white space around it: a line end there would end the event. */
function textOf(literal: string): string | undefined {
  if (!literal.startsWith(QUOTE) || !literal.endsWith(QUOTE)) return undefined;
  try {
    const text: unknown = JSON.parse(literal);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

const TEXT = /"text"\s*:\s*(?="(?:[^"\\]|\\.)*")/;
const LITERAL = /"(?:[^"\\]|\\.)*"/y;

/** The position of the text of a chunk's only choice, verified: another field may look like it. */
function holeIn(data: string): Hole | undefined {
  const key = TEXT.exec(data);
  if (!key) return undefined;
  LITERAL.lastIndex = key.index + key[0].length;
  if (!LITERAL.test(data)) return undefined;
  const hole = { head: data.slice(0, key.index + key[0].length), tail: data.slice(LITERAL.lastIndex) };
  const tried = JSON.parse(hole.head + ANY_LITERAL + hole.tail) as { choices?: { text?: unknown }[] };
  return tried.choices?.[0]?.text === ANY_TEXT ? hole : undefined;
}
