import {
  type Completion,
  CompletionsApi,
  Configuration,
  type CreateCompletionRequest,
  ErrorBodyFromJSON,
  ResponseError,
} from './client/index';

const { GATEWAY_URL: basePath, API_KEY = '' } = process.env;

function send(createCompletionRequest: CreateCompletionRequest, accessToken = API_KEY): Promise<Completion> {
  return new CompletionsApi(new Configuration({ basePath, accessToken })).createCompletion({ createCompletionRequest });
}

function complete(asked: Pick<CreateCompletionRequest, 'prompt' | 'n' | 'stop' | 'echo' | 'logprobs'>) {
  return send({ model: 'storyteller', max_tokens: 6, temperature: 0, ...asked });
}

async function refused(request: CreateCompletionRequest, key?: string) {
  try {
    await send(request, key);
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    return { status: error.response.status, ...ErrorBodyFromJSON(await error.response.json()) };
  }
  throw new Error('an error was expected');
}

const completion = await complete({ prompt: 'Once upon a time' });
const logprobs = (await complete({ prompt: [752, 867, 262, 396], logprobs: 2 })).choices[0]?.logprobs;
const echoed = (await complete({ prompt: 'The cat', echo: true, logprobs: 0 })).choices[0];
const several = await complete({ prompt: ['The cat', 'My name is'], n: 2, stop: ['.'] });

const asksTooLittle = { model: 'storyteller', prompt: 'The cat', n: 2, best_of: 1 };
const invalid = await refused(asksTooLittle);
const unauthorized = await refused(asksTooLittle, 'wrong');
if (typeof invalid.detail === 'string') throw new Error('a list was expected');

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
    invalid: { status: invalid.status, code: invalid.error.code, issues: invalid.detail.map(({ loc }) => loc) },
    unauthorized: { status: unauthorized.status, message: unauthorized.detail },
  }),
);
