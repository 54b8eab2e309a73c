import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { Issue } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** How a list is asked for, as OpenAI's lists are. */
export interface ListQuery {
  limit: number;
  /** The id after which the page begins. */
  after: string | undefined;
  /** By the time of creation. */
  order: 'asc' | 'desc';
  /** What the route itself reads. */
  parameters: URLSearchParams;
}

/** @throws {ValidationError} 422 */
export const List = createParamDecorator((_: unknown, context: ExecutionContext): ListQuery =>
  readListQuery(queryOf(context.switchToHttp().getRequest<Request>())),
);

export function queryOf({ url }: Request): URLSearchParams {
  const [, query = ''] = url.split('?', 2);
  return new URLSearchParams(query);
}

export function readListQuery(parameters: URLSearchParams): ListQuery {
  const issues: Issue[] = [];
  const limit = wholeNumberIn(parameters, 'limit', 1, MAX_LIMIT, issues) ?? DEFAULT_LIMIT;
  const order = parameters.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') {
    issues.push({ loc: ['query', 'order'], msg: "Input should be 'asc' or 'desc'", type: 'enum' });
  }
  const [first, ...others] = issues;
  if (first) throw new ValidationError([first, ...others]);
  return { limit, after: parameters.get('after') ?? undefined, order: order as 'asc' | 'desc', parameters };
}

export function wholeNumberIn(
  parameters: URLSearchParams,
  name: string,
  min: number,
  max: number,
  issues: Issue[],
): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  issues.push({
    loc: ['query', name],
    msg: `Input should be a whole number from ${min} to ${max}`,
    type: 'int_parsing',
  });
  return undefined;
}

/** All values of `name[]` and of `name`: clients write lists in either way. */
export function listIn(parameters: URLSearchParams, name: string): string[] {
  return [...parameters.getAll(`${name}[]`), ...parameters.getAll(name)].filter((value) => value !== '');
}

export function notOneOf(name: string, values: readonly string[]): Issue {
  return { loc: ['query', name], msg: `Input should be one of ${values.join(', ')}`, type: 'enum' };
}
