import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { ConfigError } from '../config/load-config.js';
import { configuredProfile } from '../upstreams/engines/engine-profile.js';
import { ENGINE_PROFILES } from '../upstreams/engines/engine-profiles.js';
import { closestEngine, engineBySigns } from './closest-engine.js';
import { diagnose, isTrue, overridesOf } from './diagnosis.js';
import { EngineClient } from './engine-client.js';
import { examine, firstModel } from './examine.js';
import { type Examined, toJson, toText } from './report.js';
import { DoctorError, readSettings, type Settings, USAGE } from './settings.js';

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
  const examined = await run(settings);
  process.stdout.write(settings.asJson ? toJson(examined) : toText(examined));
  // Where no profile was claimed, none is wrong.
  return !settings.isEngineKnown || isTrue(examined.diagnosis) ? TRUE : CLAIMS_TOO_MUCH;
}

async function run({ upstream, isEngineKnown, model: named }: Settings): Promise<Examined> {
  const { baseUrl, apiKey, api } = upstream;
  const http = new HttpService(axios.create());
  const subject = { baseUrl, apiKey, api, model: named ?? '' };
  const client = new EngineClient(http, subject);
  subject.model ||= await firstModel(client);
  const findings = await examine(client, showProgress);
  const engine = isEngineKnown ? upstream.engine : closestEngine(findings, api, await engineBySigns(client));
  const base = ENGINE_PROFILES[engine];
  const profile = configuredProfile(base, upstream);
  const diagnosis = diagnose(profile, findings);
  const { proposal } = diagnosis.extraParameters;
  return {
    subject,
    engine,
    isEngineKnown,
    profile,
    findings,
    diagnosis,
    overrides: overridesOf(diagnosis, base, api),
    extraParameters: proposal === base.extraParameters ? undefined : proposal,
    requests: client.requests,
  };
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
