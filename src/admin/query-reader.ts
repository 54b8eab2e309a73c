import type { Issue } from '../errors/api-error.js';
import { refuseIssues } from '../errors/validation-error.js';

/** Reads the parameters of a query, and keeps what is wrong with them until `check`. */
export class QueryReader {
  private readonly issues: Issue[] = [];

  constructor(private readonly parameters: URLSearchParams) {}

  text(name: string): string | undefined {
    return this.parameters.get(name) ?? undefined;
  }

  wholeNumber(name: string, min: number, max: number): number | undefined {
    const text = this.parameters.get(name);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    this.refuse(name, `Input should be a whole number from ${min} to ${max}`, 'int_parsing');
    return undefined;
  }

  requiredWholeNumber(name: string, min: number, max: number): number {
    if (!this.parameters.get(name)) this.refuse(name, 'Field required', 'missing');
    return this.wholeNumber(name, min, max) ?? min;
  }

  oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const text = this.parameters.get(name);
    return text === null ? undefined : this.known(name, text, values);
  }

  /** All values of `name[]` and of `name`: clients write lists in either way. */
  list(name: string): string[] {
    return [...this.parameters.getAll(`${name}[]`), ...this.parameters.getAll(name)].filter((value) => value !== '');
  }

  listOf<Value extends string>(name: string, values: readonly Value[]): Value[] {
    return this.list(name).flatMap((text) => this.known(name, text, values) ?? []);
  }

  /** @throws {ValidationError} 422 with every problem. */
  check(): void {
    refuseIssues(this.issues);
  }

  private known<Value extends string>(name: string, text: string, values: readonly Value[]): Value | undefined {
    const value = values.find((each) => each === text);
    if (value === undefined) this.refuse(name, `Input should be one of ${values.join(', ')}`, 'enum');
    return value;
  }

  private refuse(name: string, msg: string, type: string): void {
    this.issues.push({ loc: ['query', name], msg, type });
  }
}
