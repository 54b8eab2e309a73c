import { join } from 'node:path';
import { ROOT } from '../support/client-tools.js';

/** How a client is generated, and how its driver runs. */
export interface Client {
  name: string;
  /** Programs that are not in this repository. */
  tools: string[];
  /** Run in the folder of `openapi.json` and the driver. The last one prints the report. */
  commands: string[][];
}

/** A driver in TypeScript is checked against the generated types before it runs. */
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

const RUN_PYTHON = [['clients-python', 'driver.py']];

const RUN_GO = [['go', 'run', '.']];

const openapiGenerator = (language: string, output: string, ...options: string[]): string[] => [
  ...['openapi-generator', 'generate', '--input-spec', 'openapi.json', '--generator-name', language],
  ...['--output', output, ...options],
];

/** Drivers are in `generated/<name>/`. */
export const GENERATORS: Client[] = [
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
    // By default it sends each field twice, under two names.
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

/** Drivers are in `libraries/<name>/`. What Node runs has suites of its own beside this file. */
export const LIBRARIES: Client[] = [
  { name: 'openai-python', tools: ['clients-python'], commands: RUN_PYTHON },
  { name: 'langchain-python', tools: ['clients-python'], commands: RUN_PYTHON },
  // The modules of Go come with the generator.
  { name: 'openai-go', tools: ['oapi-codegen', 'go'], commands: RUN_GO },
];
