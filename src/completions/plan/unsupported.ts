import { ApiError } from '../../errors/api-error.js';
import { contextMessage } from '../../engines/refusal-messages.js';
import { NOT_IMPLEMENTED, UpstreamError } from '../../upstreams/upstream-error.js';

/** What an upstream cannot do of what a request asks for. */
export interface Refusal {
  /** The parameter that asks for it. */
  param: string;
  /** What is asked for, in words for the client. */
  asks: string;
}

export function unsupportedMessage(asks: string): string {
  return `No upstream of this model supports ${asks}.`;
}

/** No candidate supports it; none was asked. */
export function unsupported({ param, asks }: Refusal): ApiError {
  return new ApiError(400, 'unsupported_parameter', unsupportedMessage(asks), { param });
}

/** The prompt is longer than the context. `said`: the token counts in the upstream's message, if any. */
export function contextExceeded(reason: string, said?: Parameters<typeof contextMessage>[0]): UpstreamError {
  const publicError = { status: 400, code: 'context_length_exceeded', message: contextMessage(said) };
  return new UpstreamError('answered', reason, { status: 400, publicError });
}

/** The upstream answered as if something had not been asked for. Another one may support it; this one stays healthy. */
export function ignoredBy({ param, asks }: Refusal): UpstreamError {
  return new UpstreamError('answered', `the upstream has ignored ${asks}`, {
    status: NOT_IMPLEMENTED,
    publicError: { status: 400, code: 'unsupported_parameter', message: unsupportedMessage(asks), param },
  });
}
