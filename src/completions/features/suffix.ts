import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { promptsOf } from '../../contract/prompts.js';
import type { FeatureName } from '../../engines/feature-names.js';
import type { Candidate } from '../../routing/candidate.js';
import type { Upstream } from '../../upstreams/upstream.js';
import type { Feature } from './feature.js';
import { isText } from './prompts.js';

/** An empty text after the completion is none. */
const isAsked = ({ suffix }: CreateCompletionDto): boolean => typeof suffix === 'string' && suffix !== '';

export const suffix: Feature = {
  name: 'suffix',
  param: 'suffix',
  asks: 'a text to come after the completion',
  isAsked,
  isOmittedUnlessAsked: true,
  emulation: {
    how: "llama.cpp's `/infill`, or the model's template of `fimTemplates`; without one it is refused",
    cost: 'nothing more',
    requires:
      'the prompt as text, and an engine with `/infill` or a template for the model in `fimTemplates`. With `echo` and `logprobs` it is refused: the tokens that the engine sees are not those of the prompt',

    lacks(body, candidate) {
      const { model, echo, logprobs } = body;
      const fillsIn = hasInfill(candidate.upstream, model) || templateOf(candidate.upstream, model) !== undefined;
      if (!fillsIn || !isText(body)) return suffix;
      const scoresPrompt = echo === true && typeof logprobs === 'number';
      return scoresPrompt ? { param: 'suffix', asks: '`suffix` with `echo` and `logprobs`' } : undefined;
    },

    /** The engine sees another prompt than the client's; at `/infill`, one, and it gives one choice. */
    implies(body, { upstream }) {
      const implied: FeatureName[] = body.echo ? ['echo'] : [];
      if (!hasInfill(upstream, body.model)) return implied;
      if ((body.n ?? 1) > 1) implied.push('n');
      if (promptsOf(body).length > 1) implied.push('prompt_list');
      return implied;
    },
  },
};

const isEmulated = (body: CreateCompletionDto, { upstream }: Candidate): boolean =>
  isAsked(body) && upstream.profile.capabilities.suffix === 'emulate';

/** How prompt and suffix are written as one prompt; undefined where they are not. */
export function fimTemplateFor(body: CreateCompletionDto, candidate: Candidate): string | undefined {
  return isEmulated(body, candidate) ? templateOf(candidate.upstream, body.model) : undefined;
}

/** The engine's endpoint for a prompt and a suffix; undefined where the request does not go there. */
export function infillPathFor(body: CreateCompletionDto, candidate: Candidate): string | undefined {
  const { upstream } = candidate;
  const goesThere = isEmulated(body, candidate) && hasInfill(upstream, body.model);
  return goesThere ? upstream.profile.infillPath : undefined;
}

const templateOf = ({ fimTemplates }: Upstream, requestedModel: string): string | undefined =>
  fimTemplates.of(requestedModel);

/** A configured template is preferred. */
function hasInfill(upstream: Upstream, requestedModel: string): boolean {
  const { profile, config } = upstream;
  return (
    profile.infillPath !== undefined && templateOf(upstream, requestedModel) === undefined && config.api !== 'chat'
  );
}
