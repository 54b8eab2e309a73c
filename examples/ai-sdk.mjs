// npm install ai @ai-sdk/openai
// BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller node examples/ai-sdk.mjs
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, streamText } from 'ai';

const { BASE_URL = 'http://127.0.0.1:8080/v1', API_KEY, MODEL = 'storyteller' } = process.env;

/**
 * The SDK's completion model turns a prompt into a conversation: `user:`, the prompt, `assistant:`, and a stop at the next
 * `user:`. Instruct models like that; to send the prompt as it is, take it off again on the way out.
 */
function sendPlainPrompt(url, request) {
  const body = JSON.parse(request.body);
  const [, prompt = body.prompt] = /^user:\n(.*)\n\nassistant:\n$/s.exec(body.prompt) ?? [];
  const stop = body.stop?.filter((each) => each !== '\nuser:');
  return fetch(url, { ...request, body: JSON.stringify({ ...body, prompt, stop: stop?.length ? stop : undefined }) });
}

const gateway = createOpenAI({ baseURL: BASE_URL, apiKey: API_KEY, fetch: sendPlainPrompt });
const model = gateway.completion(MODEL);

const { text, usage } = await generateText({ model, prompt: 'Once upon a time', maxOutputTokens: 32 });
console.log(text);
console.log(usage);

const { textStream } = streamText({ model, prompt: 'The cat', maxOutputTokens: 32 });
for await (const piece of textStream) process.stdout.write(piece);
console.log();
