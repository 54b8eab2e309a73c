// npm install openai
// BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller node examples/openai.mjs
import OpenAI from 'openai';

const { BASE_URL = 'http://127.0.0.1:8080/v1', API_KEY, MODEL = 'storyteller' } = process.env;
const client = new OpenAI({ baseURL: BASE_URL, apiKey: API_KEY });

const completion = await client.completions.create({
  model: MODEL,
  prompt: 'Once upon a time',
  max_tokens: 32,
  seed: 7,
});
console.log(completion.choices[0].text);
console.log(completion.usage);

const stream = await client.completions.create({
  model: MODEL,
  prompt: 'The cat',
  max_tokens: 32,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.text ?? '\n');

try {
  await client.completions.create({ model: 'no-such-model', prompt: 'Hello' });
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error;
  console.log(error.status, error.code, error.requestID);
}
