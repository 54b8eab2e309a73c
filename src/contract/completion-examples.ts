/** The model of the examples: the built-in one. A gateway with upstreams shows the first of its models (`serve-openapi.ts`). */
export const EMBEDDED_MODEL = 'storyteller';

/** Requests that run as they stand, for Swagger UI. */
export const COMPLETION_EXAMPLES = {
  text: {
    summary: 'A text',
    value: { model: EMBEDDED_MODEL, prompt: 'Once upon a time', max_tokens: 48, temperature: 0.7, seed: 7 },
  },
  tokens: {
    summary: 'Token ids',
    value: { model: EMBEDDED_MODEL, prompt: [752, 867, 262, 396], max_tokens: 24, temperature: 0 },
  },
  batch: {
    summary: 'Several prompts, two completions each',
    value: { model: EMBEDDED_MODEL, prompt: ['The cat', 'My name is'], n: 2, max_tokens: 16, seed: 7 },
  },
  stream: {
    summary: 'A stream with usage',
    value: {
      model: EMBEDDED_MODEL,
      prompt: 'One day, a little bird',
      max_tokens: 32,
      stream: true,
      stream_options: { include_usage: true },
    },
  },
  logprobs: {
    summary: 'Log probabilities, of the prompt too',
    value: {
      model: EMBEDDED_MODEL,
      prompt: 'The cat and the dog',
      max_tokens: 4,
      logprobs: 3,
      echo: true,
      temperature: 0,
    },
  },
  suffix: {
    summary: 'The text between a prompt and a suffix',
    value: {
      model: EMBEDDED_MODEL,
      prompt: 'One day, Mia found a red ball in the park.',
      suffix: ' Ben smiled. Sharing was fun.',
      max_tokens: 100,
      temperature: 0.7,
      seed: 7,
    },
  },
};

const ANSWER = {
  id: 'cmpl-af267c924d74423dbd5ed4e904a29b8f',
  object: 'text_completion',
  created: 1795740298,
  model: EMBEDDED_MODEL,
  system_fingerprint: 'fp_b5281b60ab79',
};

/** What the embedded engine answers, for Swagger UI. */
export const ANSWER_EXAMPLES = {
  text: {
    summary: 'A text',
    value: {
      ...ANSWER,
      choices: [
        {
          index: 0,
          text: ', there was a quiet little boy named Leo. Everyone liked Leo. One day, Leo was by the lake. He saw a gold fish on the grass. "Please help me," said the fish. Leo gently c',
          logprobs: null,
          finish_reason: 'length',
        },
      ],
      usage: { prompt_tokens: 4, completion_tokens: 48, total_tokens: 52 },
    },
  },
  logprobs: {
    summary: 'With `logprobs: 2`',
    value: {
      ...ANSWER,
      choices: [
        {
          index: 0,
          text: ' were good',
          logprobs: {
            tokens: [' were', ' good'],
            token_logprobs: [-0.0004953503667426359, -0.0055741017955165525],
            top_logprobs: [
              { ' were': -0.0004953503667426359, ' smiled': -9.92411571767959 },
              { ' good': -0.0055741017955165525, ' best': -6.035403729319315 },
            ],
            text_offset: [19, 24],
          },
          finish_reason: 'length',
        },
      ],
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    },
  },
};

const chunk = (text: string, finish_reason: string | null = null): object => ({
  ...ANSWER,
  choices: [{ index: 0, text, logprobs: null, finish_reason }],
});

/** A whole stream, with usage. */
export const STREAM_EXAMPLE = [
  chunk(' wrote'),
  chunk(' a'),
  chunk(' letter'),
  chunk('', 'length'),
  { ...ANSWER, choices: [], usage: { prompt_tokens: 6, completion_tokens: 3, total_tokens: 9 } },
]
  .map((event) => `data: ${JSON.stringify(event)}\n\n`)
  .concat('data: [DONE]\n\n')
  .join('');
