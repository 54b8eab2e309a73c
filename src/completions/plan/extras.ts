import { type ExtraField, extraFields } from '../../contract/extra-fields.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { whyNotSent } from '../../engines/known-fields.js';
import { isNoOp } from '../../engines/no-op-values.js';
import type { Issue } from '../../errors/api-error.js';
import { ValidationError } from '../../errors/validation-error.js';
import type { Upstream } from '../../upstreams/upstream.js';

/** The fields of one request that the contract does not list, looked for once: a body may have very many. */
export class Extras {
  private readonly fields: readonly ExtraField[];
  private readonly given: ReadonlySet<string>;

  constructor(body: CreateCompletionDto) {
    this.fields = extraFields(body);
    this.given = this.fields.length === 0 ? NONE : new Set(givenIn(body));
  }

  /** Whether the upstream accepts every one that is not a no-op. */
  areAcceptedBy(upstream: Upstream): boolean {
    return this.fields.length === 0 || !this.fields.some((field) => this.why(field, upstream) !== undefined);
  }

  /** 422 with each field that the upstream does not accept. */
  refusalBy(upstream: Upstream): ValidationError {
    const issues: Issue[] = [];
    for (const field of this.fields) {
      const why = this.why(field, upstream);
      const msg = why ? `Extra inputs are not permitted: ${why}` : 'Extra inputs are not permitted';
      if (why !== undefined) issues.push({ loc: field.loc, msg, type: 'extra_forbidden' });
    }
    return new ValidationError(issues as [Issue, ...Issue[]]);
  }

  /** Why the field is refused; empty where every extra field is. */
  private why({ loc, value }: ExtraField, { profile, version }: Upstream): string | undefined {
    const { extraParameters, knownFields } = profile;
    if (extraParameters === 'forward') return undefined;
    const path = loc.slice(1).join('.');
    if (isNoOp(path, value)) return undefined;
    if (extraParameters === 'refuse') return '';
    return whyNotSent(knownFields, path, version, (name) => this.given.has(name));
  }
}

const NONE: ReadonlySet<string> = new Set();

/** The names of the fields that ask for something. */
function givenIn(body: object): string[] {
  return Object.entries(body).flatMap(([name, value]) => (value === null || value === false ? [] : [name]));
}
