import type { UpstreamConfig } from '../config/config.js';

export type RedactedUpstream = Pick<UpstreamConfig, 'apiKey' | 'baseUrl'>;

/** The longest text of an upstream that a client gets, in UTF-8. */
const MAX_BYTES = 4_096;
const ELLIPSIS = '…';
const REDACTED = '[redacted]';

/** An `apiKey` of fewer characters is redacted only where it stands alone: `none` is part of too many words. */
const SHORT_KEY_LENGTH = 8;

/** A credential after its scheme, whosever it is. */
const BEARER = String.raw`Bearer\s+[^\s"',;)\]}]+`;

const encoder = new TextEncoder();

/**
 * Removes from an upstream's texts what clients must not read: the credentials and the addresses of all upstreams, since
 * an engine may quote the headers that it got, and a proxy the server that it could not reach. What is left is cut at 4 KiB.
 */
export class Redaction {
  private readonly pattern: RegExp;
  private readonly longest: number;

  constructor(upstreams: Iterable<RedactedUpstream>) {
    const secrets = new Set<string>([BEARER]);
    let longest = 0;
    for (const { apiKey, baseUrl } of upstreams) {
      for (const secret of [...keyForms(apiKey), ...addressForms(baseUrl)]) {
        longest = Math.max(longest, secret.length);
        secrets.add(toPattern(secret, secret.length < SHORT_KEY_LENGTH));
      }
    }
    // The longest first: a base URL goes as a whole, and not the host in it alone.
    this.pattern = new RegExp([...secrets].sort((a, b) => b.length - a.length).join('|'), 'gi');
    this.longest = longest;
  }

  /** The text for clients, well-formed. */
  clean(text: string): string {
    // An error may be megabytes long. What ends at the cut may be the beginning of a secret, and is left out.
    const window = 2 * MAX_BYTES + this.longest;
    const isLonger = text.length > window;
    const redacted = text.slice(0, window).replace(this.pattern, REDACTED);
    return cut(isLonger ? redacted.slice(0, Math.max(0, redacted.length - this.longest)) : redacted, isLonger);
  }
}

/** As it is, and as it stands in a URL. */
function keyForms(apiKey: string | undefined): string[] {
  return apiKey === undefined || apiKey === '' ? [] : [apiKey, encodeURIComponent(apiKey)];
}

/** `http://host:8000/v1`, `http://host:8000`, `host:8000`, and a `host` that is no plain word. */
function addressForms(baseUrl: string): string[] {
  if (!URL.canParse(baseUrl)) return [];
  const { href, origin, host, hostname, protocol, port } = new URL(baseUrl);
  const withPort = port === '' ? `${hostname}:${protocol === 'https:' ? 443 : 80}` : host;
  const forms = [href.replace(/\/+$/, ''), origin, withPort];
  return /[.:]/.test(hostname) ? [...forms, hostname, hostname.replace(/^\[|\]$/g, '')] : forms;
}

function toPattern(secret: string, isAlone: boolean): string {
  const escaped = RegExp.escape(secret);
  return isAlone ? String.raw`(?<![\w-])${escaped}(?![\w-])` : escaped;
}

/** As many whole characters as 4 KiB hold. */
function cut(text: string, isLonger: boolean): string {
  const wellFormed = text.toWellFormed();
  if (!isLonger && Buffer.byteLength(wellFormed) <= MAX_BYTES) return wellFormed;
  const room = new Uint8Array(MAX_BYTES - Buffer.byteLength(ELLIPSIS));
  const { read } = encoder.encodeInto(wellFormed, room);
  return wellFormed.slice(0, read) + ELLIPSIS;
}
