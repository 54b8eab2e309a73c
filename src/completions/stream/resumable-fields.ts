import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { extraFields } from '../../contract/extra-fields.js';
import { isNoOp } from '../../engines/no-op-values.js';

/**
 * Fields outside the contract with which the rest of a broken stream may be asked for: their effect is the same wherever in
 * a text it is generated, or none on the text at all. Whatever else a body holds may follow what was generated so far, and
 * the rest would begin anew in the middle of it: a grammar or a schema, a beam search, a penalty with a memory, a prompt
 * that is not in `prompt`.
 */
const RESUMABLE = new Set([
  // What may come next, token by token.
  'top_k',
  'min_p',
  'typical_p',
  'ignore_eos',
  'stop_token_ids',
  // How tokens are written, and a text is read.
  'skip_special_tokens',
  'add_special_tokens',
  // They count the prompt, too, in which the delivered text is then.
  'repetition_penalty',
  'repeat_penalty',
  // What was delivered is taken off.
  'min_tokens',
  // How it is scheduled, cached and called.
  'priority',
  'cache_salt',
  'cache_prompt',
  'request_id',
  'rid',
  // The counts on the way are summed as those at the end.
  'stream_options.continuous_usage_stats',
]);

/** The paths, below the body, of the fields outside the contract that say something. */
export function givenExtras(body: object): string[] {
  return extraFields(body)
    .map(({ loc, value }) => ({ path: loc.slice(1).join('.'), value }))
    .filter(({ path, value }) => !isNoOp(path, value))
    .map(({ path }) => path);
}

/** Whether nothing that the body asks for depends on what was generated so far. */
export function mayBeResumed(body: CreateCompletionDto): boolean {
  return (body.best_of ?? 0) <= 1 && givenExtras(body).every((name) => RESUMABLE.has(name));
}
