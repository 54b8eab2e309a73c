import { applyDecorators, Controller, Get, HttpCode } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiQuery, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { ClassConstructor } from 'class-transformer';
import { AdminOnly, OrganizationAdminOnly } from '../auth/auth.decorators.js';
import { invalidKey, missingKey, notAnAdmin, notAnOrganizationAdmin } from '../auth/refusals.js';
import { thrownBy } from '../common/thrown-by.js';
import { ServerConfig } from '../config/config.js';
import { checkBody } from '../contract/check-body.js';
import { invalidJson } from '../contract/parse-json-body.js';
import type { ApiError } from '../errors/api-error.js';
import { ApiErrorResponse, INTERNAL_ERROR, REQUEST_ID_HEADER } from '../errors/api-error-response.decorator.js';
import { keyIsFull } from '../http/body-budget.js';
import { notJson, tooLarge } from '../http/json-body-reader.js';
import { databaseUnavailable } from '../storage/database-unavailable.js';
import { noDatabase, notFound, readOnly } from './administration.js';
import { UpdateServiceAccountDto } from './dto/requests.dto.js';
import { readListQuery } from './list-query.js';

const WRONG_BODY = thrownBy(() => checkBody(UpdateServiceAccountDto, { name: 1 })) as ApiError;
const WRONG_QUERY = thrownBy(() => readListQuery(new URLSearchParams({ limit: '1000' }))) as ApiError;

/** Statuses of every route here; a body's own stand on the routes that take one. */
const ApiAdminErrors = (forbidden: ApiError): ClassDecorator =>
  applyDecorators(
    ApiErrorResponse(401, 'No key, a wrong one, one that was revoked or has expired.', invalidKey(), missingKey()),
    ApiErrorResponse(403, 'The key may not administer this.', forbidden),
    ApiErrorResponse(
      404,
      'There is no such thing in this organization, or the gateway has no database.',
      notFound('project'),
      noDatabase(),
    ),
    ApiErrorResponse(500, 'The gateway failed.', INTERNAL_ERROR),
    ApiErrorResponse(
      503,
      'The database does not answer, or its disk is full: nothing was changed.',
      databaseUnavailable(new Error()),
    ),
  );

/** A controller below `/v1/organization`, for who administers the organization. */
export function OrganizationController(path: string, tag: string): ClassDecorator {
  return applyDecorators(
    ApiTags(tag),
    OrganizationAdminOnly(),
    ApiAdminErrors(notAnOrganizationAdmin()),
    Controller(`v1/organization${path}`),
  );
}

/** A controller below `/admin`, for administrators of the gateway. */
export function InstanceController(path: string, tag: string): ClassDecorator {
  return applyDecorators(ApiTags(tag), AdminOnly(), ApiAdminErrors(notAnAdmin()), Controller(`admin${path}`));
}

/** A route that answers 200 with this. Changes are POST, as OpenAI's are. */
export function Answers(dto: ClassConstructor<object>, description: string): MethodDecorator {
  return applyDecorators(HttpCode(200), ApiOkResponse({ type: dto, description, headers: REQUEST_ID_HEADER }));
}

/** A route that takes this as its body. */
export function TakesBody(dto: ClassConstructor<object>): MethodDecorator {
  return applyDecorators(
    ApiBody({ type: dto }),
    ApiErrorResponse(
      400,
      'It comes from the configuration of the gateway, and can only be changed there.',
      readOnly('project'),
    ),
    ApiErrorResponse(413, 'The body is too large.', tooLarge(new ServerConfig().bodyLimitBytes)),
    ApiErrorResponse(415, 'The body is not JSON.', notJson()),
    ApiErrorResponse(
      422,
      'The body breaks the contract. Every problem is listed.',
      WRONG_BODY,
      invalidJson('not valid JSON at position 17'),
    ),
    ApiErrorResponse(429, 'The requests of this key hold too many bytes.', keyIsFull()),
  );
}

/** A route that answers a page of these, by their time of creation. */
export function Lists(dto: ClassConstructor<object>, path = ''): MethodDecorator {
  return applyDecorators(
    ListsInFixedOrder(dto, path),
    ApiQuery({
      name: 'order',
      required: false,
      schema: { type: 'string', enum: ['asc', 'desc'] },
      description: 'By the time of creation; `desc` without it.',
    }),
  );
}

/** A route that answers a page of these in an order that the client does not choose. */
export function ListsInFixedOrder(dto: ClassConstructor<object>, path = ''): MethodDecorator {
  return applyDecorators(
    Get(path),
    ApiExtraModels(dto),
    ApiQuery({
      name: 'limit',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 100 },
      description: '20 without it.',
    }),
    ApiQuery({
      name: 'after',
      required: false,
      schema: { type: 'string' },
      description: 'The `last_id` of the page before.',
    }),
    ApiErrorResponse(422, 'A parameter cannot be used.', WRONG_QUERY),
    ApiOkResponse({
      description: 'A page.',
      headers: REQUEST_ID_HEADER,
      schema: {
        type: 'object',
        required: ['object', 'data', 'first_id', 'last_id', 'has_more'],
        properties: {
          object: { type: 'string', enum: ['list'] },
          data: { type: 'array', items: { $ref: getSchemaPath(dto) } },
          first_id: { type: 'string', nullable: true },
          last_id: { type: 'string', nullable: true },
          has_more: { type: 'boolean' },
        },
      },
    }),
  );
}
