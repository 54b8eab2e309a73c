import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** A pipe that a test opens, reads or leaves unread, and closes, as it likes. */
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

  /** Takes what is in the pipe, and has every whole line so far. */
  read(): string[] {
    for (let count = -1; count !== 0;) count = this.readSome();
    return this.text.split('\n').slice(0, -1);
  }

  /** Reads on until there is such a line. */
  async readUntil(matches: (line: string) => boolean): Promise<string[]> {
    for (let turn = 0; turn < 2_000; turn++) {
      const lines = this.read();
      if (lines.some(matches)) return lines;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`no such line came: ${this.text.slice(-500)}`);
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
