import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { until } from './wait.js';

/** A pipe that a test opens, reads or leaves unread, and closes. */
export class NamedPipe {
  private readonly path = join(mkdtempSync(join(tmpdir(), 'pipe-')), 'pipe');
  private readonly buffer = Buffer.alloc(65_536);
  private readonly decoder = new StringDecoder('utf8');
  private reader: number | undefined;
  private text = '';

  constructor() {
    execFileSync('mkfifo', [this.path]);
  }

  openReader(): void {
    this.reader = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  closeReader(): void {
    if (this.reader !== undefined) closeSync(this.reader);
    this.reader = undefined;
  }

  /** For whoever writes; there has to be a reader. */
  openWriter(): number {
    return openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK);
  }

  /** Empties the pipe; every whole line so far. */
  read(): string[] {
    for (let count = -1; count !== 0;) count = this.readSome();
    return this.text.split('\n').slice(0, -1);
  }

  /** Reads on until there is such a line. */
  async readUntil(matches: (line: string) => boolean): Promise<string[]> {
    let lines: string[] = [];
    await until('a line in the pipe', () => (lines = this.read()).some(matches));
    return lines;
  }

  private readSome(): number {
    if (this.reader === undefined) return 0;
    try {
      const count = readSync(this.reader, this.buffer);
      this.text += this.decoder.write(this.buffer.subarray(0, count));
      return count;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  }
}
