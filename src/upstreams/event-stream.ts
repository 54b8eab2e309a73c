import { StringDecoder } from 'node:string_decoder';
import { UpstreamError } from './upstream-error.js';

/** An event that is still not complete at this size is no completion chunk. */
const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024;

/**
 * Reads server-sent events as they come, whatever the pieces: the `data` of each event, comments and other fields left
 * out. See https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation.
 */
export class EventStreamParser {
  private readonly decoder = new StringDecoder('utf8');
  /** The line that has no end yet. */
  private rest = '';
  /** The `data` lines of the event that has no end yet. */
  private data: string | undefined;

  /**
   * The data of the events that `chunk` completes.
   *
   * @throws {UpstreamError} when an event does not end.
   */
  push(chunk: Buffer): string[] {
    const piece = this.decoder.write(chunk);
    const events: string[] = [];
    let start = 0;
    for (let end = piece.indexOf('\n'); end !== -1; end = piece.indexOf('\n', start)) {
      const line = this.rest + piece.slice(start, end);
      const event = this.takeLine(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (event !== undefined) events.push(event);
      this.rest = '';
      start = end + 1;
    }
    this.rest += piece.slice(start);
    if (this.rest.length + (this.data?.length ?? 0) > MAX_EVENT_CHARACTERS) {
      throw new UpstreamError('broken', `an event is longer than ${MAX_EVENT_CHARACTERS} characters`);
    }
    return events;
  }

  /** The data of a last event that lacks its blank line: engines forget it, and what it says is no less true. */
  end(): string | undefined {
    if (this.rest !== '') this.takeLine(this.rest);
    this.rest = '';
    return this.takeLine('');
  }

  private takeLine(line: string): string | undefined {
    if (line === '') {
      const event = this.data;
      this.data = undefined;
      return event;
    }
    if (line.startsWith('data:')) {
      const value = line.slice(line[5] === ' ' ? 6 : 5);
      this.data = this.data === undefined ? value : `${this.data}\n${value}`;
    }
    return undefined;
  }
}

/** An event as the contract has it: one space, LF, a blank line. */
export function formatEvent(data: string): string {
  return `data: ${data}\n\n`;
}

export const DONE = '[DONE]';

/** Keeps a connection from looking idle; no client sees it. */
export const KEEP_ALIVE_COMMENT = ':\n\n';
