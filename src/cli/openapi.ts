import { writeFileSync } from 'node:fs';
import { GatewayConfig } from '../config/config.js';
import { createApp } from '../process/create-app.js';
import { buildOpenApi } from '../process/openapi.js';
import { systemClock } from '../common/clock.js';
import { createLogger } from '../observability/logger.js';

/** `npm run openapi`: writes the document to the file that is given, or to standard output. */

const app = await createApp({ config: new GatewayConfig(), logger: createLogger('silent'), clock: systemClock });
const json = `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;
const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(json);
else writeFileSync(file, json);
