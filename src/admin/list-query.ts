import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { QueryReader } from './query-reader.js';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** The parameters of OpenAI's lists. */
export interface ListQuery {
  limit: number;
  /** The id after which the page begins. */
  after: string | undefined;
  /** By the time of creation. */
  order: 'asc' | 'desc';
  /** All parameters, for those that are the route's own. */
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

/** @throws {ValidationError} 422 */
export function readListQuery(parameters: URLSearchParams): ListQuery {
  const reader = new QueryReader(parameters);
  const limit = reader.wholeNumber('limit', 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
  const order = reader.oneOf('order', ['asc', 'desc']) ?? 'desc';
  reader.check();
  return { limit, after: reader.text('after'), order, parameters };
}
