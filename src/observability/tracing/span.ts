import {
  type Attributes,
  type HrTime,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
} from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

export type Resource = ReadableSpan['resource'];
export type Scope = ReadableSpan['instrumentationScope'];

const NONE: never[] = [];

/** The fields of one span. Times in milliseconds since the epoch. */
export interface SpanFields {
  name: string;
  kind: SpanKind;
  traceId: string;
  spanId: string;
  parent: { spanId: string; isRemote: boolean } | undefined;
  startedAt: number;
  endedAt: number;
  attributes: Attributes;
  isError: boolean;
}

/** A finished span, as exporters read it. */
export class FinishedSpan implements ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links = NONE;
  readonly events = NONE;
  readonly ended = true;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  private readonly context: SpanContext;

  constructor(
    { name, kind, traceId, spanId, parent, startedAt, endedAt, attributes, isError }: SpanFields,
    readonly resource: Resource,
    readonly instrumentationScope: Scope,
  ) {
    this.name = name;
    this.kind = kind;
    this.context = { traceId, spanId, traceFlags: 1 };
    if (parent) this.parentSpanContext = { traceId, traceFlags: 1, ...parent };
    this.startTime = hrTimeOf(startedAt);
    this.endTime = hrTimeOf(endedAt);
    this.duration = hrTimeOf(endedAt - startedAt);
    this.status = { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET };
    this.attributes = attributes;
  }

  spanContext(): SpanContext {
    return this.context;
  }
}

/** Seconds and nanoseconds. */
function hrTimeOf(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1_000);
  return [seconds, Math.round((milliseconds - seconds * 1_000) * 1_000_000)];
}
