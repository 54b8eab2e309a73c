import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import type { Candidate } from '../../routing/candidate.js';
import { infillPathFor } from '../features/suffix.js';
import { chatDialect } from './chat.js';
import { completionsDialect } from './completions.js';
import type { Dialect } from './dialect.js';
import { infillDialect } from './infill.js';

/** The endpoint of the candidate that does most of what the request asks for. */
export function dialectFor(body: CreateCompletionDto, candidate: Candidate): Dialect {
  const { config, profile } = candidate.upstream;
  if (config.api === 'chat') return chatDialect;
  const infillPath = infillPathFor(body, candidate);
  if (infillPath !== undefined) return infillDialect(infillPath);
  return profile.isBestStreamed && !body.stream ? collected(completionsDialect) : completionsDialect;
}

/** The same endpoint, whose streams are better than its whole answers. */
function collected(dialect: Dialect): Dialect {
  return { ...dialect, isCollected: true };
}
