import {
  type Completion,
  CompletionsApi,
  Configuration,
  type CreateCompletionRequest,
  ErrorBodyFromJSON,
  ResponseError,
} from './client/index';
import { type Asked, ASKS_TOO_LITTLE, report } from './report';

const { GATEWAY_URL: basePath, API_KEY = '' } = process.env;

function send(createCompletionRequest: CreateCompletionRequest, accessToken: string): Promise<Completion> {
  return new CompletionsApi(new Configuration({ basePath, accessToken })).createCompletion({ createCompletionRequest });
}

function complete(asked: Asked): Promise<Completion> {
  return send({ model: 'storyteller', max_tokens: 6, temperature: 0, ...asked }, API_KEY);
}

async function refused(key: string) {
  try {
    await send(ASKS_TOO_LITTLE, key);
  } catch (thrown) {
    if (!(thrown instanceof ResponseError)) throw thrown;
    const { detail, error } = ErrorBodyFromJSON(await thrown.response.json());
    return { status: thrown.response.status, code: error.code, detail };
  }
  throw new Error('an error was expected');
}

await report(complete, await refused(API_KEY), await refused('wrong'));
