// npm install @langchain/core @langchain/openai
// BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller node examples/langchain.mjs
import { OpenAI } from '@langchain/openai';

const { BASE_URL = 'http://127.0.0.1:8080/v1', API_KEY, MODEL = 'storyteller' } = process.env;
const model = new OpenAI({ model: MODEL, apiKey: API_KEY, maxTokens: 32, configuration: { baseURL: BASE_URL } });

console.log(await model.invoke('Once upon a time'));

// Several prompts go out as one request.
const { generations } = await model.generate(['The cat', 'My name is']);
for (const [{ text }] of generations) console.log(text);

for await (const text of await model.stream('One day, a little bird')) process.stdout.write(text);
console.log();
