/** Requests that run as they stand, for Swagger UI. */
export const COMPLETION_EXAMPLES = {
  text: {
    summary: 'A text',
    value: { model: 'storyteller', prompt: 'Once upon a time', max_tokens: 48, temperature: 0.7, seed: 7 },
  },
  tokens: {
    summary: 'Token ids: "Once upon a time"',
    value: { model: 'storyteller', prompt: [752, 867, 262, 396], max_tokens: 24, temperature: 0 },
  },
  batch: {
    summary: 'Several prompts, two completions each',
    value: { model: 'storyteller', prompt: ['The cat', 'My name is'], n: 2, max_tokens: 16, seed: 7 },
  },
  stream: {
    summary: 'A stream with usage',
    value: {
      model: 'storyteller',
      prompt: 'One day, a little bird',
      max_tokens: 32,
      stream: true,
      stream_options: { include_usage: true },
    },
  },
  logprobs: {
    summary: 'Log probabilities, of the prompt too',
    value: {
      model: 'storyteller',
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
      model: 'storyteller',
      prompt: 'One day, Mia found a red ball in the park.',
      suffix: ' Ben smiled. Sharing was fun.',
      max_tokens: 100,
      temperature: 0.7,
      seed: 7,
    },
  },
};
