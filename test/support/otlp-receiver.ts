import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';
import { listen } from './listen.js';
import { until } from './wait.js';

/** The few messages of opentelemetry-proto 1.x (trace/v1/trace.proto) that a trace export needs, by their field numbers. */
const PROTO = `
  syntax = "proto3";
  message Export { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15;
  }
  message Status { int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; }
  }
  message ArrayValue { repeated AnyValue values = 1; }
`;
const EXPORT = protobuf.parse(PROTO).root.lookupType('Export');

interface AnyValue {
  arrayValue?: { values: AnyValue[] };
  [type: string]: unknown;
}
interface KeyValue {
  key: string;
  value: AnyValue;
}
interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: KeyValue[];
  status?: { code?: number };
}
interface WireExport {
  resourceSpans: { resource: { attributes: KeyValue[] }; scopeSpans: { spans: WireSpan[] }[] }[];
}

interface ReceivedSpan {
  name: string;
  kind: 'server' | 'client';
  traceId: string;
  spanId: string;
  /** '' for none. */
  parentSpanId: string;
  nanoseconds: bigint;
  attributes: Record<string, unknown>;
  isError: boolean;
  resource: Record<string, unknown>;
}

/** A collector on a real socket: OTLP over HTTP, in protobuf. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** What it does with an export. */
  answer = (response: ServerResponse): void => void response.writeHead(200).end();
  requestCount = 0;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      this.requestCount++;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (request.url === '/v1/traces') this.spans.push(...decode(Buffer.concat(chunks)));
        this.answer(response);
      });
    });
  }

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await listen(receiver.server);
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The spans of a trace, the SERVER span first and then the CLIENT spans in their order. */
  async received(count: number): Promise<ReceivedSpan[]> {
    await until(`${count} spans`, () => this.spans.length >= count);
    return this.spans.toSorted((a, b) => Number(a.kind === 'client') - Number(b.kind === 'client'));
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

function decode(body: Buffer): ReceivedSpan[] {
  const message = EXPORT.toObject(EXPORT.decode(body), { longs: String, bytes: String, arrays: true }) as WireExport;
  return message.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span.name,
        kind: span.kind === 2 ? ('server' as const) : ('client' as const),
        traceId: hexOf(span.traceId),
        spanId: hexOf(span.spanId),
        parentSpanId: hexOf(span.parentSpanId ?? ''),
        nanoseconds: BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano),
        attributes: plainOf(span.attributes),
        isError: span.status?.code === 2,
        resource: plainOf(resource.attributes),
      })),
    ),
  );
}

const hexOf = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');

function plainOf(attributes: KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]));
}

function valueOf(value: AnyValue): unknown {
  if (value.arrayValue) return value.arrayValue.values.map(valueOf);
  const [[type, plain] = []] = Object.entries(value);
  return type === 'intValue' ? Number(plain) : plain;
}
