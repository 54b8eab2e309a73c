import { ApiProperty, ApiSchema, getSchemaPath } from '@nestjs/swagger';
import { ERROR_TYPES } from './api-error.js';

/** One problem of the body, as FastAPI and Pydantic 2 put it. */
@ApiSchema({ name: 'Issue' })
export class IssueDto {
  /** Where it is. */
  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
    example: ['body', 'temperature'],
  })
  loc: (string | number)[];

  /**
   * What is wrong.
   * @example 'Input should be less than or equal to 2'
   */
  msg: string;

  /**
   * What kind of problem it is, for programs.
   * @example 'less_than_equal'
   */
  type: string;
}

/** The error as OpenAI's clients read it. */
@ApiSchema({ name: 'ErrorObject' })
export class ErrorObjectDto {
  /**
   * What is wrong, in a sentence.
   * @example 'temperature: Input should be less than or equal to 2'
   */
  message: string;

  /**
   * Whose mistake it is.
   * @example 'invalid_request_error'
   */
  @ApiProperty({ enum: ERROR_TYPES })
  type: string;

  /**
   * The parameter at fault, if there is one.
   * @example 'temperature'
   */
  @ApiProperty({ type: 'string', nullable: true })
  param: string | null;

  /**
   * The reason, for programs.
   * @example 'less_than_equal'
   */
  code: string;
}

/** Every error, whatever its status. */
@ApiSchema({ name: 'ErrorBody' })
export class ErrorDto {
  /** A sentence; for 422, the list of every problem. */
  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'array', items: { $ref: getSchemaPath(IssueDto) } }],
  })
  detail: string | IssueDto[];

  /** The same as OpenAI's clients read it. */
  error: ErrorObjectDto;
}
