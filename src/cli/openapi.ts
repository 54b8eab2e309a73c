import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { GatewayConfig } from '../config/config.js';
import { createApp } from '../process/create-app.js';
import { ADMINISTRATION_API, buildOpenApi, COMPLETIONS_API } from '../process/openapi.js';
import { systemClock } from '../common/clock.js';
import { createLogger } from '../observability/logger.js';

/** `npm run openapi`: writes the OpenAPI document, with `--admin` that of the administration API, to a file or to stdout. */

const { values, positionals } = parseArgs({ options: { admin: { type: 'boolean' } }, allowPositionals: true });
const app = await createApp({ config: new GatewayConfig(), logger: createLogger('silent'), clock: systemClock });
const document = buildOpenApi(app, values.admin ? ADMINISTRATION_API : COMPLETIONS_API);
const json = `${JSON.stringify(document, null, 2)}\n`;
const [file] = positionals;
if (file === undefined) process.stdout.write(json);
else writeFileSync(file, json);
