import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { IncomingHttpHeaders } from 'node:http';
import type { Random } from '../../common/random.js';
import type { Exchange } from '../exchange.js';
import type { ExchangeObserver } from '../exchange-observers.js';
import * as names from './conventions.js';
import type { Sampler } from './sampler.js';
import { FinishedSpan, type Resource, type SpanFields } from './span.js';
import type { SpanQueue } from './span-queue.js';
import { type AttemptSpan, randomHex, Trace } from './trace.js';
import { parseTraceparent } from './trace-context.js';

const PATH = '/v1/completions';
const SCOPE = { name: 'completions-gateway' };

/**
 * Traces completions: one SERVER span for each request, one CLIENT span for each attempt. They are made from the exchange when
 * it is over; during the request there are only ids. They never contain prompts or completions.
 */
export class Tracer implements ExchangeObserver {
  private readonly addresses = new Map<string, Attributes>();

  constructor(
    private readonly sample: Sampler,
    private readonly queue: Pick<SpanQueue, 'add'>,
    private readonly resource: Resource,
    private readonly random: Random,
  ) {}

  /** Begins the trace, or continues the client's. */
  begin(exchange: Exchange, headers: IncomingHttpHeaders): void {
    if (exchange.path !== PATH) return;
    const parent = parseTraceparent(headers.traceparent);
    const traceId = parent?.traceId ?? randomHex(32, this.random);
    const isSampled = this.sample(traceId, parent?.isSampled);
    const trace = new Trace(traceId, parent?.spanId, isSampled, this.random);
    exchange.trace = trace;
    exchange.traceparent = trace.traceparent;
    // Without a traceparent it is dropped (section 3.3.1.4).
    if (parent) exchange.tracestate = headers.tracestate as string | undefined;
  }

  ended(exchange: Exchange): void {
    const { trace } = exchange;
    if (!trace?.isSampled) return;
    for (const attempt of trace.attempts) this.add(this.clientSpan(attempt, trace, exchange));
    this.add(serverSpan(trace, exchange));
  }

  private add(fields: SpanFields): void {
    this.queue.add(new FinishedSpan(fields, this.resource, SCOPE));
  }

  private clientSpan(attempt: AttemptSpan, { traceId, spanId }: Trace, exchange: Exchange): SpanFields {
    const { upstream, upstreamModel, kind, startedAt, endedAt = exchange.endedAt } = attempt;
    // An attempt that still runs ended because its client disconnected.
    const errorType = attempt.endedAt === undefined ? 'client_gone' : attempt.errorType;
    const attributes: Attributes = {
      [names.OPERATION_NAME]: names.OPERATION,
      [names.PROVIDER_NAME]: upstream.engine,
      [names.REQUEST_MODEL]: upstreamModel,
      [names.REQUEST_STREAM]: exchange.stream,
      [names.UPSTREAM]: upstream.name,
      [names.ATTEMPT_KIND]: kind,
      ...this.addressOf(upstream.baseUrl),
    };
    if (errorType !== undefined) attributes[names.ERROR_TYPE] = errorType;
    return {
      name: `${names.OPERATION} ${upstreamModel}`,
      kind: SpanKind.CLIENT,
      traceId,
      spanId: attempt.spanId,
      parent: { spanId, isRemote: false },
      startedAt,
      endedAt,
      attributes,
      isError: errorType !== undefined && errorType !== 'client_gone',
    };
  }

  private addressOf(baseUrl: string): Attributes {
    let address = this.addresses.get(baseUrl);
    if (!address) {
      const { hostname, port, protocol } = new URL(baseUrl);
      const defaultPort = protocol === 'https:' ? 443 : 80;
      address = { [names.SERVER_ADDRESS]: hostname, [names.SERVER_PORT]: port === '' ? defaultPort : Number(port) };
      this.addresses.set(baseUrl, address);
    }
    return address;
  }
}

function serverSpan({ traceId, spanId, parentSpanId }: Trace, exchange: Exchange): SpanFields {
  const { id, keyId, method, path, model, stream, status, errorCode, usage, firstByteAt, startedAt } = exchange;
  const attributes: Attributes = {
    [names.OPERATION_NAME]: names.OPERATION,
    [names.HTTP_METHOD]: method,
    [names.HTTP_ROUTE]: path,
    [names.HTTP_STATUS]: status,
    [names.REQUEST_STREAM]: stream,
    [names.REQUEST_ID]: id,
    [names.ATTEMPT_COUNT]: exchange.attemptCount,
  };
  if (model !== undefined) attributes[names.REQUEST_MODEL] = model;
  if (keyId !== undefined) attributes[names.KEY_ID] = keyId;
  if (errorCode !== undefined) attributes[names.ERROR_TYPE] = errorCode;
  if (usage) {
    attributes[names.INPUT_TOKENS] = usage.prompt_tokens;
    attributes[names.OUTPUT_TOKENS] = usage.completion_tokens;
  }
  if (stream && firstByteAt !== undefined) attributes[names.TIME_TO_FIRST_CHUNK] = (firstByteAt - startedAt) / 1_000;
  if (exchange.resumeCount > 0) attributes[names.RESUME_COUNT] = exchange.resumeCount;
  if (exchange.queueMs > 0) attributes[names.QUEUE_MS] = exchange.queueMs;
  if (exchange.emulated.length > 0) attributes[names.EMULATED] = [...exchange.emulated];
  return {
    name: model === undefined ? `${method} ${path}` : `${names.OPERATION} ${model}`,
    kind: SpanKind.SERVER,
    traceId,
    spanId,
    parent: parentSpanId === undefined ? undefined : { spanId: parentSpanId, isRemote: true },
    startedAt,
    endedAt: exchange.endedAt,
    attributes,
    // A 4xx is the client's fault; a stream may fail after its 200.
    isError: status >= 500 || (status === 200 && errorCode !== undefined),
  };
}
