import { writeFileSync } from 'node:fs';
import { GatewayConfig } from '../config/config.js';
import { createApp } from '../process/create-app.js';
import { buildAdminOpenApi, buildOpenApi } from '../process/openapi.js';
import { systemClock } from '../common/clock.js';
import { createLogger } from '../observability/logger.js';

/** `npm run openapi`: writes the document, and that of the administration API, to the files that are given, or the first to standard output. */

const app = await createApp({ config: new GatewayConfig(), logger: createLogger('silent'), clock: systemClock });
const [file, adminFile] = process.argv.slice(2);
const toJson = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;
if (file === undefined) process.stdout.write(toJson(buildOpenApi(app)));
else writeFileSync(file, toJson(buildOpenApi(app)));
if (adminFile !== undefined) writeFileSync(adminFile, toJson(buildAdminOpenApi(app)));
