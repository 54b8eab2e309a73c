import { ApiError, type Issue } from './api-error.js';

/** A body that breaks the contract: 422 with every problem listed, not the first only. */
export class ValidationError extends ApiError {
  override readonly name = 'ValidationError';

  constructor(readonly issues: [Issue, ...Issue[]]) {
    const [first] = issues;
    super(422, first.type, issues.map(describe).join('; '), { param: pathOf(first) || undefined });
  }

  override get detail(): Issue[] {
    return this.issues;
  }
}

function describe(issue: Issue): string {
  const path = pathOf(issue);
  return path ? `${path}: ${issue.msg}` : issue.msg;
}

/** `["body", "prompt", 3]` is `prompt.3`; the body itself is the empty string. */
function pathOf(issue: Issue): string {
  return issue.loc.slice(1).join('.');
}
