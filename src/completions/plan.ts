import type { Issue } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';
import type { Candidate } from '../routing/candidate.js';
import type { UpstreamRequest } from '../upstreams/upstream.js';
import type { CreateCompletionDto } from './create-completion.dto.js';
import { forbidExtras } from './extra-fields.js';

/** What goes with a request whatever its body: the caller's id for it, and whom it acts for. */
export interface RequestContext {
  requestId: string;
  organization: string | undefined;
  project: string | undefined;
  /** When the whole request is to be over, in milliseconds since the epoch. */
  deadlineAt: number;
}

/**
 * Writes the request as the candidate gets it.
 *
 * The body is written anew from the validated object: what was checked is what is sent. `null` means "not given", and
 * some engines refuse it, so it is left out; so are options that would have no effect.
 */
export function planRequest(
  body: CreateCompletionDto,
  { upstream, upstreamModel }: Candidate,
  context: RequestContext,
): UpstreamRequest {
  const sent: Partial<Record<keyof CreateCompletionDto, unknown>> = {};
  for (const [name, value] of Object.entries(body)) {
    if (value !== null) sent[name as keyof CreateCompletionDto] = value;
  }
  sent.model = upstreamModel;
  if (sent.best_of === 0) delete sent.best_of;
  if (body.stream) {
    // Usage is asked for in any case, for the access log; a caller who did not ask does not get to see it.
    sent.stream_options = { ...withoutNulls(body.stream_options ?? {}), include_usage: true };
  } else {
    delete sent.stream_options;
  }
  return {
    path: '/completions',
    body: JSON.stringify(sent),
    headers: headersOf(context, upstream.config.forwardTenant),
    deadlineAt: context.deadlineAt,
  };
}

/** Whether the body has fields that the contract does not list. */
export function hasExtras(body: CreateCompletionDto): boolean {
  return forbidExtras(body).length > 0;
}

/** Whether the candidate takes such fields. */
export function takesExtras({ upstream }: Candidate): boolean {
  return upstream.profile.extraParameters === 'forward';
}

/** What a caller gets when every candidate refuses the fields that the contract does not list: 422, each by name. */
export function refusedFields(body: CreateCompletionDto): ValidationError {
  return new ValidationError(forbidExtras(body) as [Issue, ...Issue[]]);
}

function withoutNulls(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
}

function headersOf(
  { requestId, organization, project }: RequestContext,
  forwardTenant: boolean,
): Record<string, string> {
  const headers: Record<string, string> = { 'x-request-id': requestId };
  if (!forwardTenant) return headers;
  if (organization !== undefined) headers['openai-organization'] = organization;
  if (project !== undefined) headers['openai-project'] = project;
  return headers;
}
