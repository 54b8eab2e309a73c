import type { Exchange } from './exchange.js';
import type { ExchangeObserver } from './exchange-observers.js';
import type { Metrics } from './metrics.js';

/** Measures completions only: probes and lists of models would hide what people wait for. */
export class ExchangeMetrics implements ExchangeObserver {
  constructor(private readonly metrics: Metrics) {}

  ended({
    model,
    modelLabel,
    stream,
    usage,
    status,
    startedAt,
    endedAt,
    firstByteAt,
    attemptCount,
    queueMs,
    resumeCount,
    emulated,
    trace,
  }: Exchange): void {
    if (model === undefined) return;
    const { requestDuration, timeToFirstToken, timePerOutputToken, tokens, resumes, emulations } = this.metrics;
    const gen_ai_request_model = modelLabel;
    const labels = { gen_ai_request_model, http_response_status_code: status, stream: String(stream) };
    if (attemptCount > 0) this.metrics.queueWait.observe(queueMs / 1000);
    const traceId = trace?.isSampled ? trace.traceId : undefined;
    this.metrics.observeTraced(requestDuration, labels, (endedAt - startedAt) / 1000, traceId);
    if (stream && firstByteAt !== undefined && status === 200) {
      const seconds = (firstByteAt - startedAt) / 1000;
      this.metrics.observeTraced(timeToFirstToken, { gen_ai_request_model }, seconds, traceId);
    }
    if (resumeCount > 0) resumes.inc({ gen_ai_request_model }, resumeCount);
    if (status === 200) for (const feature of emulated) emulations.inc({ feature });
    if (!usage || status !== 200) return;
    if (stream && firstByteAt !== undefined && usage.completion_tokens > 1) {
      const seconds = (endedAt - firstByteAt) / 1000;
      timePerOutputToken.observe({ gen_ai_request_model }, seconds / (usage.completion_tokens - 1));
    }
    tokens.inc({ gen_ai_request_model, gen_ai_token_type: 'input' }, usage.prompt_tokens);
    tokens.inc({ gen_ai_request_model, gen_ai_token_type: 'output' }, usage.completion_tokens);
  }
}
