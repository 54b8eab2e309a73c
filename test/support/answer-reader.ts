import { within } from './wait.js';

/** Reads a streamed answer as it comes. */
export class AnswerReader {
  private readonly reader: ReadableStreamDefaultReader<string>;

  constructor({ body }: Response) {
    if (!body) throw new Error('the answer has no body');
    this.reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** What comes next; `undefined` at the end. */
  async next(): Promise<string | undefined> {
    return (await within('more of the answer', this.reader.read())).value;
  }

  /** All that comes from now on. */
  async rest(): Promise<string> {
    let rest = '';
    for (let next = await this.next(); next !== undefined; next = await this.next()) rest += next;
    return rest;
  }
}
