import { describe, expect, it } from '@jest/globals';
import { refusalInStream, refusalOf } from './refusal.js';

/** As engines were recorded to say it. */
const TOO_LONG = 'request (720 tokens) exceeds the available context size (512 tokens), try increasing it';
const IN_OPENAIS_WORDS =
  "This model's maximum context length is 512 tokens. However, your prompt resulted in 720 tokens. Please reduce the length of the prompt.";

describe('what an engine refuses without being at fault', () => {
  it.each<[name: string, status: number, body: unknown, told: object]>([
    [
      'llama-server: too long',
      400,
      { error: { code: 400, message: TOO_LONG, type: 'exceed_context_size_error' } },
      { status: 400, code: 'context_length_exceeded', message: IN_OPENAIS_WORDS },
    ],
    [
      'the same as a 500',
      500,
      { error: { message: TOO_LONG } },
      { status: 400, code: 'context_length_exceeded', message: IN_OPENAIS_WORDS },
    ],
    [
      'Ollama: the same as a text of JSON',
      400,
      { error: JSON.stringify({ error: { code: 400, message: TOO_LONG } }) },
      { status: 400, code: 'context_length_exceeded', message: IN_OPENAIS_WORDS },
    ],
    [
      'vLLM: a prompt of exactly the context',
      400,
      { error: { message: 'max_tokens must be at least 1, got 0.', type: 'BadRequestError', param: null, code: 400 } },
      { status: 400, code: 'context_length_exceeded', message: expect.stringMatching(/^This model's maximum context/) },
    ],
    [
      'vLLM 0.11.0: more tokens than the context has',
      400,
      {
        error: {
          message:
            "This model's maximum context length is -99488 tokens. However, your request has 2 input tokens. Please reduce the length of the input messages.",
        },
      },
      { status: 400, code: 'context_length_exceeded', message: expect.not.stringContaining('-99488') },
    ],
    [
      'vLLM: whatever else',
      400,
      { error: { message: 'top_p must be in (0, 1]', type: 'BadRequestError', param: 'top_p', code: 400 } },
      { status: 400, code: 'invalid_request_error', param: 'top_p' },
    ],
    [
      'transformers: an unknown model',
      400,
      { detail: "Server is pinned to 'm'" },
      { status: 404, code: 'model_not_found' },
    ],
    ['Ollama: an unknown model', 404, { error: "model 'm' not found" }, { status: 404, code: 'model_not_found' }],
    [
      'Ollama: a suffix',
      400,
      { error: 'registry.ollama.ai/library/m:latest does not support insert' },
      { status: 400, code: 'unsupported_parameter', param: 'suffix', message: 'The model does not support `suffix`.' },
    ],
    [
      'Ollama: an option of a wrong type, as a 500',
      500,
      { error: 'option "top_k" must be of type integer' },
      { status: 400, code: 'invalid_request_error' },
    ],
    [
      'llama-cpp-python: a wrong value, as a 500 with its program',
      500,
      {
        error: {
          message: '1 validation error:\n  n\n\n  File "/usr/lib/python3/site-packages/app.py", line 1',
          type: 'x',
        },
      },
      { status: 400, message: expect.not.stringContaining('/usr/lib') },
    ],
  ])('%s', (_, status, body, told) => {
    // It does not tell against the upstream.
    expect(refusalOf(status, {}, JSON.stringify(body), 0)).toMatchObject({ ...told, isFailure: false });
  });

  it('may come in a stream, after 200', () => {
    const refusal = refusalInStream({ error: { code: 400, message: TOO_LONG } });
    expect(refusal).toMatchObject({ status: 400, code: 'context_length_exceeded', message: IN_OPENAIS_WORDS });
  });
});
