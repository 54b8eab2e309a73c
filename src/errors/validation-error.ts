import { ApiError, type Issue } from './api-error.js';

/** More than anyone reads. Without a bound, a 10 MB body of tiny mistakes would get a 200 MB answer. */
export const MAX_ISSUES = 100;

/** A body or a query that breaks the contract: 422 with every problem, up to 100. */
export class ValidationError extends ApiError {
  override readonly name = 'ValidationError';

  readonly issues: Issue[];

  constructor(found: [Issue, ...Issue[]]) {
    const [first] = found;
    const issues = found.slice(0, MAX_ISSUES);
    super(422, first.type, issues.map(describe).join('; '), { param: pathOf(first) || undefined });
    this.issues = issues;
  }

  override get detail(): Issue[] {
    return this.issues;
  }
}

/** @throws {ValidationError} when there are any issues. */
export function refuseIssues([first, ...others]: readonly Issue[]): void {
  if (first) throw new ValidationError([first, ...others]);
}

function describe(issue: Issue): string {
  const path = pathOf(issue);
  return path ? `${path}: ${issue.msg}` : issue.msg;
}

/** `["body", "prompt", 3]` is `prompt.3`; the body itself is the empty string. */
function pathOf(issue: Issue): string {
  return issue.loc.slice(1).join('.');
}
