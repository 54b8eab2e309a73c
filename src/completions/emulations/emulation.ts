import type { Usage } from '../../observability/usage.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import type { UpstreamChoice } from '../canonical.js';
import type { Refusal } from '../demands.js';

/**
 * One thing that is made up for in the choices of one upstream request. It sees each choice piece by piece as they come; a
 * whole answer is one piece. What it has seen it keeps, so it is made anew for each attempt.
 */
export interface Emulation {
  /** What mirrors the text beside the choices is not true any more. */
  readonly cutsText?: boolean;
  /** Changes a piece in place. @returns false when nothing of it is for the caller. */
  fit(choice: UpstreamChoice): boolean;
  fitUsage?(usage: Usage): Usage;
}

/** 501 as RFC 9110, section 15.6.2, has it: the server does not support what the request needs. */
const NOT_IMPLEMENTED = 501;

/**
 * The upstream has answered as if something had not been asked for. Another one may do it; this one will not, and is not
 * ill for that.
 */
export function ignoredBy({ param, asks }: Refusal): UpstreamError {
  return new UpstreamError('answered', `the upstream has ignored ${asks}`, {
    status: NOT_IMPLEMENTED,
    publicError: { status: 400, code: 'unsupported_parameter', message: unsupportedMessage(asks), param },
  });
}

export function unsupportedMessage(asks: string): string {
  return `No upstream of this model supports ${asks}.`;
}
