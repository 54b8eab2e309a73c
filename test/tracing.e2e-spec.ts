import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { breakAfter, chunk, events, FakeUpstream, hang, replyEvents, reset } from './support/fake-upstream.js';
import { GatewayProcess } from './support/gateway-process.js';
import { ADMIN, API_KEY, AS_ADMIN, Gateway, postCompletion } from './support/gateway.js';
import { OtlpReceiver } from './support/otlp-receiver.js';
import { until } from './support/wait.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;
const USAGE = chunk('', null, { choices: [], usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 } });
const BODY = { model: 'm', prompt: 'the secret prompt', max_tokens: 5 };

describe('tracing', () => {
  let collector: OtlpReceiver;
  let first: FakeUpstream;
  let second: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    [collector, first, second] = await Promise.all([OtlpReceiver.start(), FakeUpstream.start(), FakeUpstream.start()]);
  });

  afterEach(async () => {
    await gateway.stop();
    await Promise.all([first.stop(), second.stop()]);
    collector.stop();
  });

  const start = async (tracing: object = {}): Promise<void> => {
    gateway = await Gateway.start({
      tracing: { endpoint: collector.url, resourceAttributes: 'k8s.pod.name=pod%2D1', ...tracing },
      apiKeys: [{ id: 'test', hash: hashApiKey(API_KEY) }, ADMIN],
      routing: { retryBudgetPercent: 100 },
      upstreams: [
        { name: 'first', baseUrl: first.baseUrl, engine: 'vllm', models: { m: 'upstream-m' } },
        { name: 'second', baseUrl: second.baseUrl, priority: 1, models: ['m'] },
      ],
    });
  };

  const scrape = async (accept: string): Promise<{ type: string | null; text: string }> => {
    const response = await gateway.get('/metrics', { ...AS_ADMIN, accept });
    return { type: response.headers.get('content-type'), text: await response.text() };
  };

  const droppedSpans = async (): Promise<string[]> =>
    (await (await gateway.get('/metrics', AS_ADMIN)).text())
      .split('\n')
      .filter((line) => line.startsWith('gateway_trace_spans_dropped_total'));

  it("gives a JSON request a SERVER span and an attempt a CLIENT span, both of the client's trace", async () => {
    await start();
    const headers = { traceparent: TRACEPARENT, tracestate: 'vendor=1', 'x-request-id': 'my-id' };
    await (await gateway.complete(BODY, { headers })).text();
    const [server, client] = await collector.received(2);
    expect(server).toMatchObject({
      name: 'text_completion m',
      kind: 'server',
      traceId: TRACE_ID,
      parentSpanId: SPAN_ID,
      isError: false,
      attributes: {
        'gen_ai.operation.name': 'text_completion',
        'gen_ai.request.model': 'm',
        'gen_ai.request.stream': false,
        'gen_ai.usage.input_tokens': expect.any(Number),
        'http.response.status_code': 200,
        'gateway.request.id': 'my-id',
        'gateway.key.id': 'test',
        'gateway.attempt.count': 1,
      },
      resource: { 'service.name': 'completions-gateway', 'k8s.pod.name': 'pod-1' },
    });
    expect(client).toMatchObject({
      name: 'text_completion upstream-m',
      kind: 'client',
      traceId: TRACE_ID,
      parentSpanId: server?.spanId,
      isError: false,
      attributes: {
        'gen_ai.provider.name': 'vllm',
        'gen_ai.request.model': 'upstream-m',
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(first.baseUrl).port),
        'gateway.upstream.name': 'first',
        'gateway.attempt.kind': 'first',
      },
    });
    expect(server?.nanoseconds).toBeGreaterThan(client?.nanoseconds ?? 0n);
    expect(first.lastRequest.headers).toMatchObject({
      traceparent: `00-${TRACE_ID}-${client?.spanId}-01`,
      tracestate: 'vendor=1',
    });
    expect(await gateway.accessLog()).toMatchObject([{ traceId: TRACE_ID }]);
  });

  it('records when the first event of a stream came, and none of its text', async () => {
    await start();
    first.onCompletion(replyEvents(chunk('the secret text', 'stop'), USAGE, '[DONE]'));
    await (await gateway.complete({ ...BODY, stream: true })).text();
    const [server] = await collector.received(2);
    expect(server).toMatchObject({
      parentSpanId: '',
      attributes: {
        'gen_ai.request.stream': true,
        'gen_ai.response.time_to_first_chunk': expect.any(Number),
        'gen_ai.usage.output_tokens': 3,
      },
    });
    expect(
      JSON.stringify(collector.spans, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)),
    ).not.toContain('secret');
  });

  it('has a CLIENT span for each attempt of a fallback, and calls the failed one an error', async () => {
    await start();
    first.onCompletion(reset);
    await (await gateway.complete(BODY)).text();
    const [server, ...clients] = await collector.received(3);
    expect(server).toMatchObject({ isError: false, attributes: { 'gateway.attempt.count': 2 } });
    expect(clients).toMatchObject([
      { isError: true, attributes: { 'gateway.attempt.kind': 'first', 'error.type': 'upstream_error' } },
      { isError: false, attributes: { 'gateway.attempt.kind': 'fallback', 'gateway.upstream.name': 'second' } },
    ]);
    expect(new Set(clients.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([server?.spanId]));
    expect(second.lastRequest.headers.traceparent).toContain(clients[1]?.spanId);
  });

  it('shows a resume', async () => {
    await start();
    first.onCompletion(breakAfter(events(chunk('One'))));
    second.onCompletion(replyEvents(chunk(' two', 'stop'), '[DONE]'));
    await (await gateway.complete({ ...BODY, stream: true })).text();
    const [server, ...clients] = await collector.received(3);
    expect(server).toMatchObject({ attributes: { 'gateway.resume.count': 1 } });
    expect(clients.map(({ attributes }) => attributes['gateway.attempt.kind'])).toEqual(['first', 'resume']);
  });

  it('ends the span of an attempt when the client disconnects', async () => {
    await start();
    first.onCompletion(hang);
    const leaving = new AbortController();
    const pending = gateway.complete(BODY, { signal: leaving.signal });
    await first.received(1);
    leaving.abort();
    await expect(pending).rejects.toThrow();
    const [server, client] = await collector.received(2);
    expect(server).toMatchObject({ isError: false, attributes: { 'http.response.status_code': 499 } });
    expect(client).toMatchObject({ isError: false, attributes: { 'error.type': 'client_gone' } });
  });

  it('gives a scrape that asks for OpenMetrics the trace of a request beside its bucket, and no other', async () => {
    await start();
    await (await gateway.complete(BODY, { headers: { traceparent: TRACEPARENT } })).text();
    await (await gateway.complete(BODY, { headers: { traceparent: `00-${'1'.repeat(32)}-${SPAN_ID}-00` } })).text();
    await collector.received(2);
    const exemplar = /^gen_ai_server_request_duration_seconds_bucket\{.*\} 2 # \{trace_id="(\w+)"\} [\d.e-]+ [\d.]+$/m;
    let open = await scrape('application/openmetrics-text;version=1.0.0,text/plain;q=0.3');
    await until('both requests to be counted', async () => {
      open = await scrape('application/openmetrics-text;version=1.0.0,text/plain;q=0.3');
      return exemplar.test(open.text);
    });
    expect(open.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(exemplar.exec(open.text)?.[1]).toBe(TRACE_ID);
    expect(open.text).not.toContain('1'.repeat(32));
    expect(open.text).toMatch(/^gateway_upstream_attempts_total\{.*\} 2$/m);
    expect(open.text.endsWith('# EOF\n')).toBe(true);
    const plain = await scrape('*/*');
    expect(plain.type).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(plain.text).toMatch(/^gateway_upstream_attempts_total\{.*\} 2$/m);
    expect(plain.text).not.toContain('trace_id');
  });

  it('exports no trace that the sampler leaves out, and tells the upstream so', async () => {
    await start({ sampler: 'parentbased_always_off' });
    await (await gateway.complete(BODY)).text();
    expect(first.lastRequest.headers.traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
    await (await gateway.complete(BODY, { headers: { traceparent: TRACEPARENT } })).text();
    await collector.received(2);
    expect(collector.spans.map(({ traceId }) => traceId)).toEqual([TRACE_ID, TRACE_ID]);
  });

  it('traces no probe, no list of models and no scrape', async () => {
    await start();
    for (const path of ['/livez', '/readyz', '/v1/models', '/metrics']) await (await gateway.get(path)).text();
    await (await gateway.complete(BODY)).text();
    await collector.received(2);
    expect(collector.spans).toHaveLength(2);
  });

  it('loses spans, and nothing else, when the collector refuses them, and counts and logs that', async () => {
    await start();
    collector.answer = (response) => void response.writeHead(400).end();
    expect((await gateway.complete(BODY)).status).toBe(200);
    await until('a warning', () => gateway.logLines.some(({ msg }) => msg === 'spans cannot be exported'));
    expect(await droppedSpans()).toEqual(['gateway_trace_spans_dropped_total{reason="export_failed"} 2']);
  });

  it('waits for no collector that hangs: spans beyond the queue are dropped and counted', async () => {
    await start();
    const { answer } = collector;
    const hanging: ServerResponse[] = [];
    collector.answer = (response) => void hanging.push(response);
    // 2,048 spans may wait while 128 are being exported; each request has two.
    for (let sent = 0; sent < 1_100; sent += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.complete(BODY)));
      for (const answer of answers) await answer.text();
    }
    await gateway.accessLog(1_100);
    expect(collector.requestCount).toBe(1);
    const [dropped = ''] = await droppedSpans();
    expect(dropped).toMatch(/^gateway_trace_spans_dropped_total\{reason="queue_full"\} \d+$/);
    // The export under way has at most 128; of those that came first it may have fewer.
    const count = Number(dropped.split(' ')[1]);
    expect([count >= 2_200 - 2_048 - 128, count < 2_200 - 2_048]).toEqual([true, true]);
    collector.answer = answer;
    hanging.forEach(answer);
  });
});

describe("the built gateway with OpenTelemetry's variables", () => {
  it('loads the exporter and traces', async () => {
    const [collector, upstream] = await Promise.all([OtlpReceiver.start(), FakeUpstream.start()]);
    const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl }];
    const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: 'edge' };
    const gateway = GatewayProcess.spawn({ upstreams }, variables);
    try {
      await (await postCompletion(await gateway.listening(), BODY)).text();
      // At its end it exports the spans that still wait.
      gateway.kill('SIGTERM');
      const [server] = await collector.received(2);
      expect(server).toMatchObject({ name: 'text_completion m', resource: { 'service.name': 'edge' } });
    } finally {
      await gateway.stop();
      await upstream.stop();
      collector.stop();
    }
  });
});

describe('without tracing', () => {
  it('a scrape gets the plain format, whatever it asks for', async () => {
    const upstream = await FakeUpstream.start();
    const gateway = await Gateway.inFrontOf(upstream, { config: { apiKeys: [ADMIN] } });
    const headers = { ...AS_ADMIN, accept: 'application/openmetrics-text' };
    expect((await gateway.get('/metrics', headers)).headers.get('content-type')).toMatch(/^text\/plain/);
    await gateway.stop();
    await upstream.stop();
  });

  it('traceparent and tracestate go to the upstream untouched, and the trace id into the log', async () => {
    const upstream = await FakeUpstream.start();
    const gateway = await Gateway.inFrontOf(upstream);
    try {
      await (await gateway.complete(BODY, { headers: { traceparent: TRACEPARENT, tracestate: 'a=1,b=2' } })).text();
      expect(upstream.lastRequest.headers).toMatchObject({ traceparent: TRACEPARENT, tracestate: 'a=1,b=2' });
      await (await gateway.complete(BODY)).text();
      expect(upstream.lastRequest.headers).not.toHaveProperty('traceparent');
      const [traced, untraced] = await gateway.accessLog(2);
      expect(traced).toMatchObject({ traceId: TRACE_ID });
      expect(untraced).not.toHaveProperty('traceId');
    } finally {
      await gateway.stop();
      await upstream.stop();
    }
  });
});
