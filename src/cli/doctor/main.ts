import { ConfigError } from '../../config/load-config.js';
import { isTrue } from './diagnosis.js';
import { runDoctor } from './doctor.js';
import { toJson, toText } from './report.js';
import { DoctorError, readSettings, USAGE } from './settings.js';

/** `npm run doctor`: asks a server what it does with each parameter, and compares that with its profile. */

const TRUE = 0;
const CLAIMS_TOO_MUCH = 1;
const NOT_EXAMINED = 2;

async function main(): Promise<number> {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings === 'help') {
    process.stdout.write(USAGE);
    return TRUE;
  }
  const examined = await runDoctor(settings, showProgress);
  process.stdout.write(settings.asJson ? toJson(examined) : toText(examined));
  // Where no profile was claimed, none is wrong.
  return !settings.isEngineKnown || isTrue(examined.diagnosis) ? TRUE : CLAIMS_TOO_MUCH;
}

/** One line that is written over and over, for who watches; a log gets none. */
function showProgress(name: string, done: number, of: number): void {
  if (!process.stderr.isTTY) return;
  const line = done === of ? '' : `${done + 1}/${of} ${name}`;
  process.stderr.write(`\r\u001b[K${line}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  const isExplained = error instanceof DoctorError || error instanceof ConfigError;
  process.stderr.write(`${isExplained ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = NOT_EXAMINED;
}
