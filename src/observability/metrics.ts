import {
  Counter,
  Gauge,
  Histogram,
  type LabelValues,
  type Metric,
  Registry,
  type RegistryContentType,
} from 'prom-client';

/** Why a request was sent upstream: first attempt, retry, fallback or resume. */
export type AttemptKind = 'first' | 'retry' | 'fallback' | 'resume';

/** The values of the gauges, read at each scrape. */
export interface UpstreamReading {
  upstream: string;
  inFlight: number;
  isAvailable: boolean;
}

/**
 * Every metric, with its name, unit and labels. Names and labels follow the OpenTelemetry conventions for generative AI
 * where there is one (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/).
 *
 * A model that neither the configuration nor an upstream lists has the label `other`: names that clients make up must not
 * fill the memory.
 */
export class Metrics {
  readonly registry = new Registry<RegistryContentType>();

  readonly requestDuration: Histogram<'gen_ai_request_model' | 'http_response_status_code' | 'stream'>;
  readonly timeToFirstToken: Histogram<'gen_ai_request_model'>;

  /** With several workers, reads the metrics of all of them. */
  private source: (() => Promise<string>) | undefined;

  /** `hasExemplars`: each bucket keeps the trace of its last request, for scrapes that ask for OpenMetrics. */
  constructor(private readonly hasExemplars = false) {
    this.limitStoreUp.set(1);
    // prom-client takes exemplars in no other format.
    if (hasExemplars) this.registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const common = { registers: [this.registry], enableExemplars: hasExemplars };
    this.requestDuration = new Histogram({
      ...common,
      name: 'gen_ai_server_request_duration_seconds',
      help: 'From the request to the end of its answer.',
      labelNames: ['gen_ai_request_model', 'http_response_status_code', 'stream'] as const,
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
    });
    this.timeToFirstToken = new Histogram({
      ...common,
      name: 'gen_ai_server_time_to_first_token_seconds',
      help: 'From the request to the first event of a streamed answer.',
      labelNames: ['gen_ai_request_model'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    });
  }

  readonly timePerOutputToken = new Histogram({
    name: 'gen_ai_server_time_per_output_token_seconds',
    help: 'Between two tokens of a streamed answer after the first, on average over the answer.',
    labelNames: ['gen_ai_request_model'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5],
    registers: [this.registry],
  });

  readonly queueWait = new Histogram({
    name: 'gateway_queue_wait_seconds',
    help: 'How long a request waited for its first slot.',
    buckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.registry],
  });

  readonly tokensInFlight = new Gauge({
    name: 'gateway_tokens_in_flight',
    help: 'Tokens that the requests under way may generate at most: max_tokens for each choice of each prompt.',
    registers: [this.registry],
  });

  readonly tokens = new Counter({
    name: 'gateway_tokens_total',
    help: 'Tokens as the upstreams counted them.',
    labelNames: ['gen_ai_request_model', 'gen_ai_token_type'] as const,
    registers: [this.registry],
  });

  readonly attempts = new Counter({
    name: 'gateway_upstream_attempts_total',
    help: 'Requests sent upstream. The outcome is ok, client_gone, or the status of the error.',
    labelNames: ['upstream', 'kind', 'outcome'] as const,
    registers: [this.registry],
  });

  readonly resumes = new Counter({
    name: 'gateway_resumes_total',
    help: 'Times that a broken stream went on elsewhere.',
    labelNames: ['gen_ai_request_model'] as const,
    registers: [this.registry],
  });

  readonly emulations = new Counter({
    name: 'gateway_emulations_total',
    help: 'Answered requests for which the gateway did what the engine lacks, by feature.',
    labelNames: ['feature'] as const,
    registers: [this.registry],
  });

  readonly observerFaults = new Counter({
    name: 'gateway_observer_faults_total',
    help: 'Exchanges that an observer (the access log, the metrics) failed to take in.',
    labelNames: ['observer'] as const,
    registers: [this.registry],
  });

  readonly traceSpansDropped = new Counter({
    name: 'gateway_trace_spans_dropped_total',
    help: 'Spans that were not exported: too many waited for the collector, or it did not take them.',
    labelNames: ['reason'] as const,
    registers: [this.registry],
  });

  readonly limitsRefused = new Counter({
    name: 'gateway_limits_refused_total',
    help: 'Requests that a limit refused.',
    labelNames: ['scope', 'kind'] as const,
    registers: [this.registry],
  });

  readonly limitStoreUp = new Gauge({
    name: 'gateway_limits_store_up',
    help: '1 while the limit store answers, as one in memory does; 0 while `limits.onStoreFailure` is in force.',
    registers: [this.registry],
    // Each worker finds out by itself.
    aggregator: 'min',
  });

  readonly limitsUnsettled = new Counter({
    name: 'gateway_limits_unsettled_total',
    help: 'Requests whose reservation may have stayed charged, since the limit store could not be told.',
    registers: [this.registry],
  });

  readonly usageRows = new Counter({
    name: 'gateway_usage_rows_total',
    help: 'Rows of usage: written to the database, spooled to disk before that, or dropped for want of room.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });

  readonly configReloads = new Counter({
    name: 'gateway_config_reloads_total',
    help: 'Times that the configuration was read again: applied or refused.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });

  readonly stalledClientsCut = new Counter({
    name: 'gateway_stalled_clients_cut_total',
    help: 'Clients that were cut: for a stall of their own, or to keep within the budget of all that wait.',
    labelNames: ['reason'] as const,
    registers: [this.registry],
  });

  /** Observes a value in a histogram with exemplars. `traceId`: of a recorded trace. */
  observeTraced<Label extends string>(
    histogram: Histogram<Label>,
    labels: LabelValues<Label>,
    value: number,
    traceId: string | undefined,
  ): void {
    if (!this.hasExemplars) {
      histogram.observe(labels, value);
      return;
    }
    // The types want the histogram's labels, but an exemplar has its own (prom-client 15.1.3).
    const exemplarLabels = (traceId === undefined ? {} : { trace_id: traceId }) as LabelValues<Label>;
    histogram.observe({ labels, value, exemplarLabels });
  }

  /** The plain format. */
  read(): Promise<string> {
    if (this.source) return this.source();
    return this.hasExemplars ? inFormat(Registry.PROMETHEUS_CONTENT_TYPE, this.registry) : this.registry.metrics();
  }

  /** The answer to a scrape: OpenMetrics if it accepts that and there are exemplars; otherwise the plain format. */
  async scrape(accept = ''): Promise<{ contentType: string; text: string }> {
    const isOpen = this.hasExemplars && !this.source && accept.includes('application/openmetrics-text');
    if (!isOpen) return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text: await this.read() };
    const contentType = Registry.OPENMETRICS_CONTENT_TYPE;
    return { contentType, text: await inFormat(contentType, this.registry) };
  }

  readFrom(source: () => Promise<string>): void {
    this.source = source;
  }

  /** Adds the count of lost log lines, read at each scrape. */
  countLostLines(lostCount: () => number): void {
    new Counter({
      name: 'gateway_log_lines_lost_total',
      help: 'Lines of the log that could not be written, and for which there was no room to wait.',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(lostCount());
      },
    });
  }

  /** Adds what waits for slow clients, read at each scrape. */
  observeStalledAnswers(read: () => { count: number; bytes: number }): void {
    const registers = [this.registry];
    new Gauge({
      name: 'gateway_stalled_answers',
      help: 'Answers whose clients are behind.',
      registers,
      collect() {
        this.set(read().count);
      },
    });
    new Gauge({
      name: 'gateway_stalled_answer_bytes',
      help: 'Bytes that wait in this process for clients that are behind.',
      registers,
      collect() {
        this.set(read().bytes);
      },
    });
  }

  /** Adds the state of the upstreams and of the queue, read at each scrape. */
  observe(upstreams: () => UpstreamReading[], queueLength: () => number): void {
    const registers = [this.registry];
    const labelNames = ['upstream'] as const;
    new Gauge({
      name: 'gateway_upstream_in_flight',
      help: 'Requests that are under way on the upstream.',
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { upstream, inFlight } of upstreams()) this.set({ upstream }, inFlight);
      },
    });
    new Gauge({
      name: 'gateway_upstream_available',
      help: '1 when the upstream may receive requests: healthy and not full.',
      labelNames,
      registers,
      // Each worker finds out by itself; one that can send is enough.
      aggregator: 'max',
      collect() {
        this.reset();
        for (const { upstream, isAvailable } of upstreams()) this.set({ upstream }, Number(isAvailable));
      },
    });
    new Gauge({
      name: 'gateway_queue_length',
      help: 'Requests that wait because every upstream of their model is full.',
      registers,
      collect() {
        this.set(queueLength());
      },
    });
  }
}

/** Writes a copy: a registry that has written OpenMetrics loses the `_total` of its counters (prom-client 15.1.3). */
async function inFormat(contentType: RegistryContentType, registry: Registry<RegistryContentType>): Promise<string> {
  const copy = new Registry<RegistryContentType>();
  copy.setContentType(contentType);
  const isOpen = contentType === Registry.OPENMETRICS_CONTENT_TYPE;
  for (const metric of await registry.getMetricsAsJSON()) {
    const isCounter = isOpen && String(metric.type) === 'counter';
    const named = { ...metric, name: isCounter ? metric.name.replace(/_total$/, '') : metric.name };
    copy.registerMetric({ ...named, get: () => Promise.resolve(named) } as unknown as Metric);
  }
  return copy.metrics();
}
