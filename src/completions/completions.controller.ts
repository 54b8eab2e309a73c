import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiHeader, ApiOkResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { CurrentCaller } from '../auth/auth.decorators.js';
import type { Caller } from '../auth/caller.js';
import { REQUEST_ID_HEADER } from '../errors/api-error-response.decorator.js';
import { ClientConnectionFactory } from '../http/client-connection.factory.js';
import { ApiCompletionErrors } from './completion-errors.decorator.js';
import { ANSWER_EXAMPLES, COMPLETION_EXAMPLES, STREAM_EXAMPLE } from '../contract/completion-examples.js';
import { CompletionValidationPipe } from './completion-validation.pipe.js';
import { CompletionDto } from '../contract/completion.dto.js';
import { CompletionsService } from './completions.service.js';
import { CreateCompletionDto } from '../contract/create-completion.dto.js';
import { JsonBody } from '../http/json-body.decorator.js';
import { RequestBody } from '../http/request-body.js';

@ApiTags('Completions')
@ApiExtraModels(CompletionDto)
@Controller('v1/completions')
export class CompletionsController {
  constructor(
    private readonly completions: CompletionsService,
    private readonly connections: ClientConnectionFactory,
  ) {}

  /**
   * Create a completion
   *
   * @remarks Given a prompt, the model will return one or more predicted completions along with the probabilities of alternative
   * tokens at each position.
   */
  @Post()
  @HttpCode(200)
  @ApiBody({ type: CreateCompletionDto, examples: COMPLETION_EXAMPLES })
  @ApiHeader({ name: 'OpenAI-Organization', required: false, description: "Must match the key's organization." })
  @ApiHeader({ name: 'OpenAI-Project', required: false, description: 'A project that the key may act for.' })
  @ApiHeader({
    name: 'X-Request-Id',
    required: false,
    description: 'Kept when it is 1 to 128 letters, digits, `_`, `.` or `-`.',
  })
  @ApiOkResponse({
    description: 'The completion; with `stream`, its chunks as server-sent events, ended by `data: [DONE]`.',
    headers: REQUEST_ID_HEADER,
    content: {
      'application/json': { schema: { $ref: getSchemaPath(CompletionDto) }, examples: ANSWER_EXAMPLES },
      'text/event-stream': {
        schema: {
          type: 'string',
          description:
            'With `stream: true`: server-sent events. `data:` of each is a `Completion` as JSON, of the last one `[DONE]`. A failure after the first event is an event `data: {"error": …}`, an `ErrorObject`, which ends the stream without `[DONE]`. Lines that begin with `:` are comments.',
        },
        example: STREAM_EXAMPLE,
      },
    },
  })
  @ApiCompletionErrors()
  createCompletion(
    @JsonBody(CompletionValidationPipe) body: RequestBody,
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    return this.completions.complete(body, caller, this.connections.open(request, response));
  }
}
