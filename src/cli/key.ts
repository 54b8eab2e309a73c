import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { hashApiKey } from '../config/api-key-hash.js';
import { generateApiKey } from '../auth/api-key.js';

/** `npm run key`: prints a new API key, which is stored nowhere, and the entry of the configuration with its hash. */

const USAGE = `usage: npm run key -- [--id NAME] [--organization ID] [--project ID] [--model NAME]...

  --id            how the access log calls the key (default: key-1)
  --organization  the organization that the key belongs to
  --project       the only project that the key may act for; without it, every project of the organization
  --model         a model that the key may use, repeated for several; without it, all
`;

interface KeyOptions {
  id: string;
  organization?: string;
  project?: string;
  model?: string[];
}

function main(): void {
  const { id, organization, project, model } = readOptions();
  const key = generateApiKey(project !== undefined);
  const entry = { id, hash: hashApiKey(key), organization, project, models: model };
  process.stdout.write(`The key, shown this once:\n\n  ${key}\n\nUnder apiKeys in gateway.yaml:\n\n`);
  const lines = stringify([entry]).trimEnd().split('\n');
  process.stdout.write(`${lines.map((line) => `  ${line}`).join('\n')}\n`);
}

function readOptions(): KeyOptions {
  try {
    const { values } = parseArgs({
      options: {
        id: { type: 'string', default: 'key-1' },
        organization: { type: 'string' },
        project: { type: 'string' },
        model: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    return values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

main();
