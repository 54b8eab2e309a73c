import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import type { Api, EndpointName } from '../../engines/engine-names.js';
import type { EngineProfile } from '../../engines/engine-profile.js';
import type { Candidate } from '../../routing/candidate.js';
import { infillPathFor } from '../features/suffix.js';
import { chatDialect } from './chat.js';
import { completionsDialect } from './completions.js';
import type { Dialect } from './dialect.js';
import { infillDialect } from './infill.js';
import { ollamaDialect } from './ollama.js';
import { tokenIdsDialect } from './token-ids.js';

/** The endpoints that engines have for completions. */
const DIALECTS: Readonly<Record<EndpointName, Dialect>> = { completions: completionsDialect, ollama: ollamaDialect };

/** The endpoint of an engine for all but what another one does better. */
export function dialectOf(api: Api, { endpoint = 'completions' }: Pick<EngineProfile, 'endpoint'>): Dialect {
  return api === 'chat' ? chatDialect : DIALECTS[endpoint];
}

/** The candidate's endpoint that supports most of the request, with token ids where they are wanted. */
export function dialectFor(body: CreateCompletionDto, candidate: Candidate, wantsTokenIds: boolean): Dialect {
  const { config, profile } = candidate.upstream;
  if (wantsTokenIds && profile.tokenIdsPath !== undefined) return tokenIdsDialect(profile.tokenIdsPath);
  const infillPath = infillPathFor(body, candidate);
  const dialect = infillPath === undefined ? dialectOf(config.api, profile) : infillDialect(infillPath);
  return dialect !== chatDialect && profile.isBestStreamed && !body.stream ? collected(dialect) : dialect;
}

/** The same endpoint, whose streams are better than its whole answers. */
function collected(dialect: Dialect): Dialect {
  return { ...dialect, isCollected: true };
}
