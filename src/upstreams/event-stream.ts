import { GrowingBytes } from '../common/growing-bytes.js';
import { UpstreamError } from './upstream-error.js';

/** An event of this size without an end is no completion chunk. */
const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024;
/** Each `data` line of an event costs memory of its own. */
const MAX_EVENT_LINES = 100_000;

const LF = 10;
const CR = 13;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Reads the `data` of server-sent events from pieces of any size; comments and other fields are skipped. See
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation.
 */
export class EventStreamParser {
  /** The line that has no end yet. */
  private readonly rest = new GrowingBytes();
  /** The `data` lines of the event that has no end yet. */
  private data: string | undefined;
  private dataLines = 0;
  private isAtStart = true;
  /** The last line ended with CR: an LF right behind it belongs to it. */
  private hasEndedInCr = false;

  /**
   * The data of the events that `chunk` completes; several lines of it are joined by LF.
   *
   * @throws {UpstreamError} when an event does not end.
   */
  push(chunk: Buffer): string[] {
    const events: string[] = [];
    const end = endOfLines(chunk);
    // In UTF-8, no other character contains the byte of a line end.
    if (end > 0) this.takeLines(this.rest.takeText(chunk, end), events);
    if (end < chunk.length) this.rest.append(end === 0 ? chunk : chunk.subarray(end));
    const isTooLong = this.rest.length + (this.data?.length ?? 0) > MAX_EVENT_CHARACTERS;
    if (isTooLong) throw new UpstreamError('broken', `an event is longer than ${MAX_EVENT_CHARACTERS} characters`);
    if (this.dataLines > MAX_EVENT_LINES)
      throw new UpstreamError('broken', `an event has more than ${MAX_EVENT_LINES} lines`);
    return events;
  }

  /** The data of a last event without its blank line, which some engines omit. */
  end(): string | undefined {
    const events: string[] = [];
    this.takeLines(`${this.rest.take().toString()}\n\n`, events);
    return events[0];
  }

  private takeLines(lines: string, events: string[]): void {
    const text = this.withLineFeeds(lines);
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const lineEnd = text.charCodeAt(end - 1) === CR ? end - 1 : end;
      if (lineEnd > start) this.takeLine(text, start, lineEnd);
      else if (this.data !== undefined) this.dispatch(this.data, events);
      start = end + 1;
    }
  }

  /** Without a byte order mark at the start, and with LF for each CR that has none behind it. */
  private withLineFeeds(lines: string): string {
    let text = lines;
    if (this.isAtStart) {
      this.isAtStart = false;
      if (text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1);
    }
    if (!this.hasEndedInCr && !text.includes('\r')) return text;
    if (this.hasEndedInCr && text.startsWith('\n')) text = text.slice(1);
    this.hasEndedInCr = text.endsWith('\r');
    return hasLoneCr(text) ? text.replace(/\r(?!\n)/g, '\n') : text;
  }

  private takeLine(text: string, start: number, end: number): void {
    if (!text.startsWith('data', start)) return;
    const colon = start + 4;
    // A name alone is a field without a value.
    if (colon !== end && text[colon] !== ':') return;
    const value = text.slice(Math.min(end, text[colon + 1] === ' ' ? colon + 2 : colon + 1), end);
    this.data = this.data === undefined ? value : `${this.data}\n${value}`;
    this.dataLines++;
  }

  private dispatch(data: string, events: string[]): void {
    events.push(data);
    this.data = undefined;
    this.dataLines = 0;
  }
}

function hasLoneCr(text: string): boolean {
  let at = text.indexOf('\r');
  while (at !== -1 && text.charCodeAt(at + 1) === LF) at = text.indexOf('\r', at + 2);
  return at !== -1;
}

/** Where the last whole line ends, 0 when none does. */
function endOfLines(chunk: Buffer): number {
  if (chunk[chunk.length - 1] === LF) return chunk.length;
  return Math.max(chunk.lastIndexOf(LF), chunk.lastIndexOf(CR)) + 1;
}

/** An event as the contract has it: one space, LF, a blank line. `data` is one line. */
export function formatEvent(data: string): string {
  return `data: ${data}\n\n`;
}

export const DONE = '[DONE]';

/** Keeps a connection from looking idle; clients ignore it. */
export const KEEP_ALIVE_COMMENT = ':\n\n';
