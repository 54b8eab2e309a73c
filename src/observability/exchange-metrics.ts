import type { Exchange } from './exchange.js';
import type { ExchangeObserver } from './exchange-observers.js';
import type { Metrics } from './metrics.js';

/** Measures completions only: what a probe or a list of models takes would hide what people wait for. */
export class ExchangeMetrics implements ExchangeObserver {
  constructor(private readonly metrics: Metrics) {}

  ended({ model, modelLabel, stream, usage, status, startedAt, endedAt, firstByteAt }: Exchange): void {
    if (model === undefined) return;
    const { requestDuration, timeToFirstToken, tokens } = this.metrics;
    const gen_ai_request_model = modelLabel;
    const labels = { gen_ai_request_model, http_response_status_code: status, stream: String(stream) };
    requestDuration.observe(labels, (endedAt - startedAt) / 1000);
    if (stream && firstByteAt !== undefined && status === 200) {
      timeToFirstToken.observe({ gen_ai_request_model }, (firstByteAt - startedAt) / 1000);
    }
    if (!usage || status !== 200) return;
    tokens.inc({ gen_ai_request_model, gen_ai_token_type: 'input' }, usage.prompt_tokens);
    tokens.inc({ gen_ai_request_model, gen_ai_token_type: 'output' }, usage.completion_tokens);
  }
}
