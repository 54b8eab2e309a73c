import type { TracingConfig } from '../../config/config.js';
import type { Clock } from '../../common/clock.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import * as names from './conventions.js';
import { samplerOf } from './sampler.js';
import type { Resource } from './span.js';
import type { SpanQueue } from './span-queue.js';
import type { Tracer } from './tracer.js';

/** The tracer, where one is configured. */
export class Tracing {
  private constructor(
    readonly tracer?: Tracer,
    private readonly queue?: SpanQueue,
  ) {}

  /** Loads OpenTelemetry's exporter, which reads its own variables (headers, certificates, timeout), only when configured. */
  static async start(config: TracingConfig, clock: Clock, metrics: Metrics, logger: Logger): Promise<Tracing> {
    const { endpoint } = config;
    if (endpoint === undefined) return new Tracing();
    const [{ OTLPTraceExporter }, { SpanQueue }, { Tracer }] = await Promise.all([
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('./span-queue.js'),
      import('./tracer.js'),
    ]);
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
    const queue = new SpanQueue(exporter, clock, metrics.traceSpansDropped, logger);
    return new Tracing(new Tracer(samplerOf(config), queue, resourceOf(config), Math.random), queue);
  }

  /** Called by Nest. The shutdown does not wait longer than its own limit. */
  async onApplicationShutdown(): Promise<void> {
    await this.queue?.end();
  }
}

/** `resourceAttributes` as OTEL_RESOURCE_ATTRIBUTES has them: `key=value,key=value`, percent-encoded. */
function resourceOf({ serviceName, resourceAttributes }: TracingConfig): Resource {
  const given = resourceAttributes
    .split(',')
    .map((pair) => pair.split('=', 2).map((text) => decodeURIComponent(text.trim())))
    .filter((pair): pair is [string, string] => pair.length === 2 && pair[0] !== '');
  const attributes = {
    [names.SERVICE_NAME]: 'completions-gateway',
    ...Object.fromEntries(given),
    ...(serviceName !== undefined && { [names.SERVICE_NAME]: serviceName }),
  };
  return { attributes, asyncAttributesPending: false } as unknown as Resource;
}
