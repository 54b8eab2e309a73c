import createClient from 'openapi-fetch';
import { type Asked, ASKS_TOO_LITTLE, report } from './report';
import type { components, paths } from './schema';

type Schemas = components['schemas'];

const { GATEWAY_URL: baseUrl = '', API_KEY = '' } = process.env;
const client = createClient<paths>({ baseUrl });

function send(body: Schemas['CreateCompletionRequest'], key = API_KEY) {
  return client.POST('/v1/completions', { body, headers: { authorization: `Bearer ${key}` } });
}

async function complete(asked: Asked): Promise<Schemas['Completion']> {
  const { data, error } = await send({ model: 'storyteller', max_tokens: 6, temperature: 0, ...asked });
  if (!data || typeof data === 'string') throw new Error(error?.error.message ?? 'a stream was not asked for');
  return data;
}

async function refused(key: string) {
  const { response, error } = await send(ASKS_TOO_LITTLE, key);
  return { status: response.status, code: error?.error.code, detail: error?.detail };
}

await report(complete, await refused(API_KEY), await refused('wrong'));
