import createClient from 'openapi-fetch';
import type { components, paths } from './schema';

type Schemas = components['schemas'];

const { GATEWAY_URL: baseUrl = '', API_KEY = '' } = process.env;
const client = createClient<paths>({ baseUrl });

function send(body: Schemas['CreateCompletionRequest'], key = API_KEY) {
  return client.POST('/v1/completions', { body, headers: { authorization: `Bearer ${key}` } });
}

async function complete(
  asked: Pick<Schemas['CreateCompletionRequest'], 'prompt' | 'n' | 'stop' | 'echo' | 'logprobs'>,
): Promise<Schemas['Completion']> {
  const { data, error } = await send({ model: 'storyteller', max_tokens: 6, temperature: 0, ...asked });
  if (!data || typeof data === 'string') throw new Error(error?.error.message ?? 'a stream was not asked for');
  return data;
}

const completion = await complete({ prompt: 'Once upon a time' });
const logprobs = (await complete({ prompt: [752, 867, 262, 396], logprobs: 2 })).choices[0]?.logprobs;
const echoed = (await complete({ prompt: 'The cat', echo: true, logprobs: 0 })).choices[0];
const several = await complete({ prompt: ['The cat', 'My name is'], n: 2, stop: ['.'] });

const asksTooLittle = { model: 'storyteller', prompt: 'The cat', n: 2, best_of: 1 };
const invalid = await send(asksTooLittle);
const unauthorized = await send(asksTooLittle, 'wrong');
const issues = invalid.error?.detail;
if (typeof issues === 'string') throw new Error('a list was expected');

console.log(
  JSON.stringify({
    completion: {
      text: completion.choices[0]?.text,
      finish_reason: completion.choices[0]?.finish_reason,
      logprobs: completion.choices[0]?.logprobs,
      total_tokens: completion.usage?.total_tokens,
    },
    logprobs: {
      tokens: logprobs?.tokens,
      token_logprobs: logprobs?.token_logprobs,
      top_logprobs: logprobs?.top_logprobs,
    },
    echo: { text: echoed?.text, token_logprobs: echoed?.logprobs?.token_logprobs },
    several: several.choices.map(({ text }) => text),
    invalid: {
      status: invalid.response.status,
      code: invalid.error?.error.code,
      issues: issues?.map(({ loc }) => loc),
    },
    unauthorized: { status: unauthorized.response.status, message: unauthorized.error?.detail },
  }),
);
