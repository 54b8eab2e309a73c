import type { Duplex } from 'node:stream';

/** `HTTP/1.1 100 Continue`, `HTTP/1.1 103 Early Hints`. With 101 the server says that it speaks another protocol now. */
const INTERIM = /^HTTP\/1\.[01] 1(?!01)\d\d/;
const STATUS_LENGTH = 'HTTP/1.1 100'.length;
const BEGINS = ['HTTP/1.1 1', 'HTTP/1.0 1'];
const END = '\r\n\r\n';
/** Of all that comes before one answer: Node's own limit for a head. */
const MAX_INTERIM_LENGTH = 16_384;

/**
 * Leaves out the 1xx before an answer, which a client must be able to take though it has not asked for them (RFC 9110,
 * section 15.2): undici gives the connection up at a `100 Continue`.
 *
 * It sits between the socket and undici, which pulls by `read`.
 */
export class InterimSkipper {
  /** An answer is to begin. */
  private isArmed = true;
  /** The start of what may be a 1xx. */
  private held = '';
  private skippedLength = 0;

  constructor(socket: Duplex) {
    const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
    socket.read = (size?: number): Buffer | null => {
      const piece = read(size);
      return this.isArmed && piece !== null ? this.pass(piece) : piece;
    };
  }

  /** Call when a request is sent. */
  arm(): void {
    this.isArmed = true;
    this.held = '';
    this.skippedLength = 0;
  }

  /** What is left of it; null while more must come before that is known. */
  private pass(piece: Buffer): Buffer | null {
    if (this.held === '' && !mayBeInterim(piece.toString('latin1', 0, STATUS_LENGTH))) return this.disarm(piece);
    let text = this.held + piece.toString('latin1');
    while (text !== '' && mayBeInterim(text)) {
      const end = text.indexOf(END);
      const length = end === -1 ? text.length : end;
      // undici reports the error for more.
      if (this.skippedLength + length > MAX_INTERIM_LENGTH) break;
      if (end === -1) {
        this.held = text;
        return null;
      }
      this.skippedLength += end + END.length;
      text = text.slice(end + END.length);
    }
    this.held = '';
    return text === '' ? null : this.disarm(Buffer.from(text, 'latin1'));
  }

  private disarm(piece: Buffer): Buffer {
    this.isArmed = false;
    return piece;
  }
}

/** As far as it goes. */
function mayBeInterim(text: string): boolean {
  if (text.length >= STATUS_LENGTH) return INTERIM.test(text);
  return BEGINS.some((begin) => begin.startsWith(text) || text.startsWith(begin));
}
