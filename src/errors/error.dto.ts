import { ApiProperty } from '@nestjs/swagger';

/** One problem of the body, as FastAPI and Pydantic 2 put it. */
export class IssueDto {
  /** Where it is. */
  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
    example: ['body', 'temperature'],
  })
  loc: (string | number)[];

  /** @example 'Input should be less than or equal to 2' */
  msg: string;

  /** @example 'less_than_equal' */
  type: string;
}

/** The error as OpenAI's clients read it. */
export class ErrorObjectDto {
  /** @example 'temperature: Input should be less than or equal to 2' */
  message: string;

  /** @example 'invalid_request_error' */
  type: string;

  /** @example 'temperature' */
  @ApiProperty({ type: 'string', nullable: true })
  param: string | null;

  /** @example 'less_than_equal' */
  code: string;
}

/** Every error, whatever its status. */
export class ErrorDto {
  /** A sentence; for 422, the list of every problem. */
  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'array', items: { $ref: '#/components/schemas/IssueDto' } }],
  })
  detail: string | IssueDto[];

  error: ErrorObjectDto;
}
