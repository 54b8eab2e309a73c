import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { changeStorage } from '../admin/first-keys.js';
import { insertNewKey } from '../admin/new-key.js';
import { generateApiKey } from '../auth/api-key.js';
import { systemClock } from '../common/clock.js';
import { hashApiKey } from '../config/api-key-hash.js';
import { loadConfig } from '../config/load-config.js';
import { createLogger } from '../observability/logger.js';
import { openStorage } from '../storage/open-storage.js';
import type { Storage } from '../storage/storage.js';

/** `npm run key`: makes an API key. Its hash goes into the database; without one, it prints an entry for the configuration. */

const USAGE = `usage: npm run key -- [--id NAME] [--organization ID] [--project ID] [--admin] [--model NAME]...

  --id            the name of the key in the access log and in lists (default: key-1)
  --organization  the organization of the key (default, with a database: the first one)
  --project       the only project that the key may act for (default: every project of the organization)
  --admin         an admin key: of the organization, or without --organization of the whole gateway
  --model         a model that the key may use, repeat it for several (default: all; not with a database)
`;

interface KeyOptions {
  id: string;
  organization?: string;
  project?: string;
  admin?: boolean;
  model?: string[];
}

async function main(): Promise<void> {
  const options = readOptions();
  const storage = await openStorage(loadConfig(process.env), systemClock, createLogger('silent'));
  if (!storage) {
    printEntry(options);
    return;
  }
  try {
    await storage.migrate();
    process.stdout.write(`The key, shown this once:\n\n  ${await insert(storage, options)}\n`);
  } finally {
    await storage.close();
  }
}

function printEntry({ id, organization, project, admin, model }: KeyOptions): void {
  const key = generateApiKey(project === undefined ? 'dforg_' : 'dfproj_');
  const entry = { id, hash: hashApiKey(key), organization, project, models: model, admin };
  process.stdout.write(`The key, shown this once:\n\n  ${key}\n\nUnder apiKeys in gateway.yaml:\n\n`);
  const lines = stringify([entry]).trimEnd().split('\n');
  process.stdout.write(`${lines.map((line) => `  ${line}`).join('\n')}\n`);
}

function insert(
  storage: Storage,
  { id: name, organization, project, admin = false, model }: KeyOptions,
): Promise<string> {
  if (model) throw new Error('With a database, models are allowed per project: POST /v1/organization/projects/{id}.');
  return changeStorage(storage, systemClock, async (change) => {
    const { trx } = change;
    const organizations = trx.selectFrom('organizations').select('id').where('archived_at', 'is', null);
    const wanted = organization === undefined ? organizations : organizations.where('id', '=', organization);
    const owner = await wanted.orderBy('created_at').orderBy('id').executeTakeFirst();
    if (!owner) throw new Error(`There is no organization ${organization ?? 'yet: start the gateway once'}.`);
    if (project !== undefined) {
      const found = await trx
        .selectFrom('projects')
        .select('id')
        .where('id', '=', project)
        .where('organization_id', '=', owner.id)
        .executeTakeFirst();
      if (!found) throw new Error(`The organization ${owner.id} has no project ${project}.`);
    }
    const kind = admin ? 'admin' : project === undefined ? 'organization' : 'project';
    const isInstanceAdmin = admin && organization === undefined;
    const columns = { organization_id: owner.id, project_id: project ?? null, kind, name } as const;
    const { value } = await insertNewKey(change, { ...columns, is_instance_admin: isInstanceAdmin ? 1 : 0 }, undefined);
    return value;
  });
}

function readOptions(): KeyOptions {
  try {
    const { values } = parseArgs({
      options: {
        id: { type: 'string', default: 'key-1' },
        organization: { type: 'string' },
        project: { type: 'string' },
        admin: { type: 'boolean' },
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

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
