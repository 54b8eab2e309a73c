import type { Dialect, SentBody } from '../dialects/dialect.js';
import { uniqueIdFields } from '../upstream-request-ids.js';

/**
 * Writes the bodies of the requests that one request of a client becomes, each when it is sent: what they have in common is
 * serialized once; a part's own fields are spliced in as text.
 */
export class PartBodies {
  private common: string | undefined;

  /** `template` joins a prompt and its suffix to one prompt. */
  constructor(
    private readonly sent: SentBody,
    private readonly dialect: Dialect,
    private readonly template: string | undefined,
  ) {}

  /** The body of the only request. `idSuffix` makes its id fields unique. */
  whole(idSuffix: string): string {
    const ids = uniqueIdFields(this.sent, idSuffix);
    return this.write(ids ? { ...this.sent, ...ids } : this.sent);
  }

  /** The body of a part with its own fields, which have the same names in every part; undefined is not sent. */
  part(partFields: SentBody, idSuffix: string): string {
    const own = { ...partFields, ...uniqueIdFields(this.sent, idSuffix) };
    if (this.dialect.isNested) return this.write({ ...this.sent, ...own });
    this.common ??= this.write({ ...this.sent, ...notGiven(own) });
    const fields = this.write({ ...own, suffix: this.template === undefined ? undefined : this.sent.suffix });
    return fields === '{}' ? this.common : `${this.common.slice(0, -1)},${fields.slice(1)}`;
  }

  private write(fields: SentBody): string {
    return JSON.stringify(this.dialect.write(this.template === undefined ? fields : fillIn(this.template, fields)));
  }
}

function notGiven(fields: SentBody): SentBody {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, undefined]));
}

function fillIn(template: string, { prompt, suffix, ...others }: SentBody): SentBody {
  if (prompt === undefined) return others;
  const fill = (prefix: unknown): string =>
    template.replace(/\{(?:prefix|suffix)\}/g, (place) => String(place === '{prefix}' ? prefix : suffix));
  return { ...others, prompt: Array.isArray(prompt) ? prompt.map(fill) : fill(prompt) };
}
