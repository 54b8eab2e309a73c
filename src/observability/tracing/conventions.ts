/**
 * Every name in the spans. `gen_ai.*` follow open-telemetry/semantic-conventions-genai (docs/gen-ai/client-inference.md at
 * 024a4f9, status: development), the others OpenTelemetry's general conventions 1.44; `gateway.*` are our own.
 */

export const OPERATION = 'text_completion';

/** Attributes of both spans. */
export const OPERATION_NAME = 'gen_ai.operation.name';
export const REQUEST_MODEL = 'gen_ai.request.model';
export const REQUEST_STREAM = 'gen_ai.request.stream';
/** The `error.code` that the client gets, or would get if this attempt were the last. */
export const ERROR_TYPE = 'error.type';

/** Of the SERVER span: one request of a client. */
export const HTTP_METHOD = 'http.request.method';
export const HTTP_ROUTE = 'http.route';
export const HTTP_STATUS = 'http.response.status_code';
export const INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
/** Seconds, of a stream. */
export const TIME_TO_FIRST_CHUNK = 'gen_ai.response.time_to_first_chunk';
/** The `x-request-id` of the answer. */
export const REQUEST_ID = 'gateway.request.id';
export const KEY_ID = 'gateway.key.id';
export const ATTEMPT_COUNT = 'gateway.attempt.count';
export const RESUME_COUNT = 'gateway.resume.count';
export const QUEUE_MS = 'gateway.queue.ms';
export const EMULATED = 'gateway.emulated';

/** Of a CLIENT span: one attempt. */
export const PROVIDER_NAME = 'gen_ai.provider.name';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';
export const UPSTREAM = 'gateway.upstream.name';
/** first, retry, fallback or resume. */
export const ATTEMPT_KIND = 'gateway.attempt.kind';

/** The resource. */
export const SERVICE_NAME = 'service.name';
