import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GENERATORS, LIBRARIES } from './clients.js';
import { CLIENTS_TOOLS, describeWithTools, ROOT, runTool } from '../support/client-tools.js';
import { API_KEY, postCompletion } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';

interface Answer {
  choices: { text: string; finish_reason: string; logprobs: Record<string, unknown> | null }[];
  usage: { total_tokens: number };
}

let program: GatewayProcess;
let url: string;

/** What every driver has to print, read without a client. */
let expected: Awaited<ReturnType<typeof read>>;

async function complete(body: object): Promise<Answer> {
  const response = await postCompletion(url, { model: 'storyteller', max_tokens: 6, temperature: 0, ...body });
  return (await response.json()) as Answer;
}

async function read() {
  const completion = await complete({ prompt: 'Once upon a time' });
  const { tokens, token_logprobs, top_logprobs } =
    (await complete({ prompt: [752, 867, 262, 396], logprobs: 2 })).choices[0]?.logprobs ?? {};
  const [echoed] = (await complete({ prompt: 'The cat', echo: true, logprobs: 0 })).choices;
  const several = await complete({ prompt: ['The cat', 'My name is'], n: 2, stop: ['.'] });
  const invalid = { model: 'storyteller', prompt: 'The cat', n: 2, best_of: 1 };
  const refused = await postCompletion(url, invalid);
  const { detail, error } = (await refused.json()) as { detail: { loc: unknown }[]; error: { code: string } };
  const turnedAway = await postCompletion(url, invalid, { headers: { authorization: 'Bearer wrong' } });
  return {
    completion: {
      text: completion.choices[0]?.text,
      finish_reason: completion.choices[0]?.finish_reason,
      logprobs: completion.choices[0]?.logprobs,
      total_tokens: completion.usage.total_tokens,
    },
    logprobs: { tokens, token_logprobs, top_logprobs },
    echo: { text: echoed?.text, token_logprobs: echoed?.logprobs?.token_logprobs },
    several: several.choices.map(({ text }) => text),
    invalid: { status: refused.status, code: error.code, issues: detail.map(({ loc }) => loc) },
    unauthorized: {
      status: turnedAway.status,
      message: ((await turnedAway.json()) as { detail: string }).detail,
    },
  };
}

beforeAll(async () => {
  program = GatewayProcess.spawn({});
  url = await program.listening();
  expected = await read();
  expect(expected).toMatchObject({
    completion: { text: expect.stringMatching(/\w/), finish_reason: 'length', logprobs: null, total_tokens: 10 },
    logprobs: { tokens: { length: 6 }, token_logprobs: { length: 6 }, top_logprobs: { length: 6 } },
    echo: { text: expect.stringMatching(/^The cat/), token_logprobs: { 0: null, length: 8 } },
    several: { length: 4 },
    invalid: { status: 422, code: expect.any(String), issues: [['body', 'best_of']] },
    unauthorized: { status: 401, message: expect.any(String) },
  });
});

afterAll(() => program.stop());

/** Runs the commands beside `openapi.json`, the driver and `report`, which drivers print with. */
function itSpeaks(driver: string, commands: string[][], read: () => object): void {
  it('completes, and reads log probabilities, an echo, several choices and errors', () => {
    const folder = mkdtempSync(join(tmpdir(), 'client-'));
    try {
      cpSync(join(ROOT, 'openapi.json'), join(folder, 'openapi.json'));
      for (const file of ['go.mod', 'go.sum']) cpSync(join(ROOT, 'test/clients', file), join(folder, file));
      for (const each of ['report', driver]) cpSync(join(ROOT, 'test/clients', each), folder, { recursive: true });
      symlinkSync(join(CLIENTS_TOOLS, 'node_modules'), join(folder, 'node_modules'));
      const outputs = commands.map((command) => runTool(command, folder, { GATEWAY_URL: url, API_KEY }));
      expect(JSON.parse(outputs.at(-1) ?? '')).toEqual(read());
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 150_000);
}

for (const { name, tools, commands } of GENERATORS) {
  describeWithTools(tools, `a client that ${name} generates from openapi.json`, () => {
    itSpeaks(`generated/${name}`, commands, () => expected);
  });
}

for (const { name, tools, commands } of LIBRARIES) {
  describeWithTools(tools, `the library ${name}`, () => {
    // Generated clients read no streams.
    itSpeaks(`libraries/${name}`, commands, () => ({ ...expected, stream: expected.completion.text }));
  });
}
