import { type Completion, createCompletion } from './client/index';
import { createClient } from './client/client/index';
import { type Asked, ASKS_TOO_LITTLE as body, report } from './report';

const { GATEWAY_URL: baseUrl = '', API_KEY = '' } = process.env;
const client = createClient({ baseUrl, auth: API_KEY });

async function complete(asked: Asked): Promise<Completion> {
  const body = { model: 'storyteller', max_tokens: 6, temperature: 0, ...asked };
  const { data } = await createCompletion({ client, body, throwOnError: true });
  if (typeof data === 'string') throw new Error('a stream was not asked for');
  return data;
}

async function refused(auth: string) {
  const { response, error } = await createCompletion({ client, body, auth });
  return { status: response?.status, code: error?.error.code, detail: error?.detail };
}

await report(complete, await refused(API_KEY), await refused('wrong'));
