import { type Capabilities, type Capability, descriptionOf } from '../engines/capabilities.js';
import type { Candidate } from '../routing/candidate.js';
import type { Upstream } from '../upstreams/upstream.js';
import type { CreateCompletionDto } from '../contract/create-completion.dto.js';

/** Why an upstream cannot do what a request asks for. */
export interface Refusal {
  param: string;
  /** What is asked for and cannot be had, in words for the caller. */
  asks: string;
}

/** What the body asks for of that in which engines differ. */
export function demandsOf(body: CreateCompletionDto): Capability[] {
  const demands: Capability[] = [];
  const demand = (capability: Capability, isAsked: boolean): void => {
    if (isAsked) demands.push(capability);
  };
  const { prompt, max_tokens: maxTokens, echo, logprobs, temperature, top_p: topP, stop } = body;
  if (typeof prompt !== 'string') {
    const isTokens = typeof prompt[0] !== 'string';
    const isList = typeof prompt[0] !== 'number';
    demand('prompt_tokens', isTokens);
    demand(isTokens ? 'prompt_tokens_list' : 'prompt_list', isList && prompt.length > 1);
  }
  demand('suffix', hasSuffix(body));
  demand('max_tokens_absent', typeof maxTokens !== 'number');
  demand(echo ? 'echo_only' : 'max_tokens_zero', maxTokens === 0);
  demand('n', (body.n ?? 1) > 1);
  demand('n_greedy', (body.n ?? 1) > 1 && temperature === 0);
  demand('best_of', ranks(body));
  demand('echo', echo === true);
  demand('echo_logprobs', echo === true && typeof logprobs === 'number');
  demand('logprobs', typeof logprobs === 'number');
  demand('logprobs_zero', logprobs === 0);
  demand('stop', typeof stop === 'string' || (stop?.length ?? 0) > 0);
  demand('stop_text', typeof stop === 'string');
  demand('sampling_defaults', typeof temperature !== 'number' || typeof topP !== 'number');
  demand('top_p_one', topP === 1);
  demand('seed', (body.seed ?? null) !== null);
  demand('logit_bias', hasFields(body.logit_bias));
  demand('frequency_penalty', Boolean(body.frequency_penalty));
  demand('presence_penalty', Boolean(body.presence_penalty));
  demand('stream_usage', body.stream === true && body.stream_options?.include_usage === true);
  return demands;
}

/** Whether some of the choices are to be thrown away: where all are returned there is nothing to rank. */
export function ranks({ best_of: bestOf, n }: CreateCompletionDto): boolean {
  return (bestOf ?? 0) > (n ?? 1);
}

/** An empty text after the completion is none. */
export function hasSuffix({ suffix }: CreateCompletionDto): boolean {
  return typeof suffix === 'string' && suffix !== '';
}

function hasFields(value: object | null | undefined): boolean {
  return Object.keys(value ?? {}).length > 0;
}

/** What a candidate makes of a request: it cannot do it; or it can, by itself or with the gateway's help. */
export interface Verdict {
  refusal?: Refusal;
  /** Whether it costs the engine more than it would cost one that does it by itself. */
  isEmulated: boolean;
}

const NATIVE: Verdict = { isEmulated: false };
const EMULATED: Verdict = { isEmulated: true };

/** What `candidate` makes of the body, whose demands are given since they are the same for all candidates. */
export function judge(body: CreateCompletionDto, demands: readonly Capability[], candidate: Candidate): Verdict {
  const { capabilities } = candidate.upstream.profile;
  let verdict = NATIVE;
  for (const demand of demands) {
    const support = capabilities[demand];
    if (support === 'native') continue;
    const { param, asks, isFree } = descriptionOf(demand);
    if (support === 'refuse') return { refusal: { param, asks }, isEmulated: false };
    const refusal = explainLack(body, demand, candidate);
    if (refusal) return { refusal, isEmulated: false };
    if (!isFree) verdict = EMULATED;
  }
  return verdict;
}

/** What the emulation of one thing asked for would need, and this upstream or this request does not have. */
function explainLack(body: CreateCompletionDto, demand: Capability, candidate: Candidate): Refusal | undefined {
  const { capabilities, tokenCountPath } = candidate.upstream.profile;
  const isText = typeof body.prompt === 'string' || typeof body.prompt[0] === 'string';
  if (demand === 'echo' && !isText) return { param: 'echo', asks: '`echo` of token ids' };
  if (demand === 'echo_only' && !isText)
    return { param: 'max_tokens', asks: '`max_tokens` 0 with `echo` of token ids' };
  if (demand === 'best_of') return explainRanking(body, capabilities, isText);
  if (demand === 'suffix') return explainSuffix(body, isText && fillsIn(candidate, body.model));
  if (demand === 'stream_usage' && !(isText && tokenCountPath !== undefined)) return descriptionOf(demand);
  return undefined;
}

/** The choices are ranked by log probabilities, and a prompt that nobody asked to be scored is put in front of them here. */
function explainRanking(
  body: CreateCompletionDto,
  { logprobs, n, n_greedy: nGreedy }: Capabilities,
  isText: boolean,
): Refusal | undefined {
  const lacksChoices = n === 'refuse' || (nGreedy === 'refuse' && body.temperature === 0);
  if (logprobs === 'refuse' || lacksChoices) return descriptionOf('best_of');
  const echoesTokens = body.echo === true && !isText && typeof body.logprobs !== 'number';
  return echoesTokens ? { param: 'echo', asks: '`best_of` with `echo` of token ids' } : undefined;
}

/** The engine sees the prompt in another form, whose tokens are not the prompt's. */
function explainSuffix(body: CreateCompletionDto, canFillIn: boolean): Refusal | undefined {
  if (!canFillIn) return descriptionOf('suffix');
  const scoresPrompt = body.echo === true && typeof body.logprobs === 'number';
  return scoresPrompt ? { param: 'suffix', asks: '`suffix` with `echo` and `logprobs`' } : undefined;
}

function fillsIn({ upstream }: Candidate, requestedModel: string): boolean {
  return usesInfill(upstream, requestedModel) || upstream.fimTemplates.of(requestedModel) !== undefined;
}

/** Whether the request goes to the engine's endpoint for a prompt with a suffix, which has one prompt and one choice. */
export function isFilledIn(body: CreateCompletionDto, { upstream }: Candidate): boolean {
  return hasSuffix(body) && upstream.profile.capabilities.suffix === 'emulate' && usesInfill(upstream, body.model);
}

/** Whether the engine has an endpoint of its own for a prompt with a suffix, and no template is configured instead. */
function usesInfill(upstream: Upstream, requestedModel: string): boolean {
  const { profile, config, fimTemplates } = upstream;
  return profile.infillPath !== undefined && fimTemplates.of(requestedModel) === undefined && config.api !== 'chat';
}
