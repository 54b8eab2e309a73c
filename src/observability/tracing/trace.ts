import type { UpstreamConfig } from '../../config/config.js';
import type { Random } from '../../common/random.js';
import type { AttemptKind } from '../metrics.js';
import { formatTraceparent } from './trace-context.js';

/** The CLIENT span of an attempt. Times in milliseconds since the epoch. */
export interface AttemptSpan {
  spanId: string;
  upstream: UpstreamConfig;
  upstreamModel: string;
  kind: AttemptKind;
  startedAt: number;
  /** Undefined while it runs. */
  endedAt: number | undefined;
  errorType: string | undefined;
}

/** The trace of one exchange. Its spans are made when the exchange is over. */
export class Trace {
  readonly spanId: string;
  readonly attempts: AttemptSpan[] = [];

  constructor(
    readonly traceId: string,
    /** The client's span. */
    readonly parentSpanId: string | undefined,
    readonly isSampled: boolean,
    private readonly random: Random,
  ) {
    this.spanId = randomHex(16, random);
  }

  get traceparent(): string {
    return formatTraceparent(this.traceId, this.spanId, this.isSampled);
  }

  /** Begins the span of an attempt. @returns the `traceparent` of its requests. */
  beginAttempt(upstream: UpstreamConfig, upstreamModel: string, kind: AttemptKind, startedAt: number): string {
    const spanId = randomHex(16, this.random);
    const errorType = undefined;
    this.attempts.push({ spanId, upstream, upstreamModel, kind, startedAt, endedAt: undefined, errorType });
    return formatTraceparent(this.traceId, spanId, this.isSampled);
  }

  endAttempt(endedAt: number, errorType?: string): void {
    const last = this.attempts.at(-1);
    if (!last) return;
    last.endedAt = endedAt;
    last.errorType = errorType;
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** `length` hex digits, a multiple of 8, never all zero. */
export function randomHex(length: number, random: Random): string {
  let text = '';
  while (text.length < length) {
    const number = Math.floor(random() * 0xffff_ffff) + 1;
    for (let shift = 24; shift >= 0; shift -= 8) text += HEX[(number >>> shift) & 0xff] ?? '';
  }
  return text;
}
