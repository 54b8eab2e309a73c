import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLIENTS_TOOLS, describeWithTools, ROOT, runTool } from '../support/client-tools.js';
import { API_KEY } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';

interface Generator {
  name: string;
  /** Programs that are not in this repository. */
  tools: string[];
  /** Run where `openapi.json` and the files of `generated/<name>/` are. The last prints what the driver has read. */
  commands: string[][];
}

/** A driver in TypeScript has to fit the types of what is generated, before it runs. */
const RUN_TYPESCRIPT = [
  [
    ...['tsc', '--noEmit', '--strict', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler'],
    ...['--skipLibCheck', '--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types'), 'driver.ts'],
  ],
  [
    'esbuild',
    'driver.ts',
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--log-level=warning',
    '--outfile=driver.mjs',
  ],
  ['node', 'driver.mjs'],
];

const RUN_PYTHON = [['python', 'driver.py']];

const RUN_GO = [['go', 'run', '.']];

const openapiGenerator = (language: string, output: string, ...options: string[]): string[] => [
  ...['openapi-generator', 'generate', '--input-spec', 'openapi.json', '--generator-name', language],
  ...['--output', output, ...options],
];

const GENERATORS: Generator[] = [
  {
    name: 'datamodel-code-generator',
    tools: ['datamodel-codegen'],
    commands: [
      [
        ...['datamodel-codegen', '--input', 'openapi.json', '--input-file-type', 'openapi', '--output', 'models.py'],
        ...['--output-model-type', 'pydantic_v2.BaseModel', '--formatters', 'builtin'],
      ],
      ...RUN_PYTHON,
    ],
  },
  {
    name: 'openapi-python-client',
    tools: ['openapi-python-client'],
    commands: [
      [
        ...['openapi-python-client', 'generate', '--path', 'openapi.json', '--meta', 'none'],
        ...['--output-path', 'client', '--fail-on-warning'],
      ],
      ...RUN_PYTHON,
    ],
  },
  {
    name: 'openapi-typescript',
    tools: ['openapi-typescript'],
    commands: [['openapi-typescript', 'openapi.json', '--output', 'schema.ts'], ...RUN_TYPESCRIPT],
  },
  {
    name: 'hey-api',
    tools: ['openapi-ts'],
    commands: [['openapi-ts', '--input', 'openapi.json', '--output', 'client'], ...RUN_TYPESCRIPT],
  },
  {
    name: 'openapi-generator-python',
    tools: ['openapi-generator'],
    commands: [openapiGenerator('python', '.'), ...RUN_PYTHON],
  },
  {
    name: 'openapi-generator-typescript-fetch',
    tools: ['openapi-generator'],
    // With names of its own it sends each field twice, by both names.
    commands: [
      openapiGenerator('typescript-fetch', 'client', '--additional-properties', 'modelPropertyNaming=original'),
      ...RUN_TYPESCRIPT,
    ],
  },
  {
    name: 'openapi-generator-go',
    tools: ['openapi-generator', 'go'],
    commands: [openapiGenerator('go', 'client', '--additional-properties', 'withGoMod=false'), ...RUN_GO],
  },
  {
    name: 'oapi-codegen',
    tools: ['oapi-codegen', 'go'],
    commands: [
      ['oapi-codegen', '-generate', 'types,client', '-package', 'main', '-o', 'client.gen.go', 'openapi.json'],
      ...RUN_GO,
    ],
  },
];

interface Answer {
  choices: { text: string; finish_reason: string; logprobs: Record<string, unknown> | null }[];
  usage: { total_tokens: number };
}

let program: GatewayProcess;
let url: string;

/** What every driver is to print, read without a client. */
let expected: object;

function post(body: object, key = API_KEY): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return fetch(`${url}/v1/completions`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function complete(body: object): Promise<Answer> {
  const response = await post({ model: 'storyteller', max_tokens: 6, temperature: 0, ...body });
  return (await response.json()) as Answer;
}

async function read(): Promise<object> {
  const completion = await complete({ prompt: 'Once upon a time' });
  const { tokens, token_logprobs, top_logprobs } =
    (await complete({ prompt: [752, 867, 262, 396], logprobs: 2 })).choices[0]?.logprobs ?? {};
  const [echoed] = (await complete({ prompt: 'The cat', echo: true, logprobs: 0 })).choices;
  const several = await complete({ prompt: ['The cat', 'My name is'], n: 2, stop: ['.'] });
  const invalid = { model: 'storyteller', prompt: 'The cat', n: 2, best_of: 1 };
  const refused = await post(invalid);
  const { detail, error } = (await refused.json()) as { detail: { loc: unknown }[]; error: { code: string } };
  const turnedAway = await post(invalid, 'wrong');
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

afterAll(async () => {
  program.kill('SIGTERM');
  await program.ended;
});

for (const { name, tools, commands } of GENERATORS) {
  describeWithTools(tools, `a client that ${name} generates from openapi.json`, () => {
    it('completes, and reads log probabilities, an echo, several choices and errors', () => {
      const folder = mkdtempSync(join(tmpdir(), 'client-'));
      try {
        cpSync(join(ROOT, 'openapi.json'), join(folder, 'openapi.json'));
        for (const file of ['go.mod', 'go.sum']) cpSync(join(ROOT, 'test/clients', file), join(folder, file));
        cpSync(join(ROOT, 'test/clients/generated', name), folder, { recursive: true });
        symlinkSync(join(CLIENTS_TOOLS, 'node_modules'), join(folder, 'node_modules'));
        const outputs = commands.map((command) => runTool(command, folder, { GATEWAY_URL: url, API_KEY }));
        expect(JSON.parse(outputs.at(-1) ?? '')).toEqual(expected);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }, 120_000);
  });
}
