import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ENGINES } from '../../engines/engine-names.js';
import { compare, toText } from './compare.js';
import { record } from './record.js';
import { readRecording, writeRecording } from './recording.js';

const USAGE = `usage: npm run record -- --engine NAME --base-url URL [--version VERSION] [--model NAME] [--compare FILE]

  --engine    ${ENGINES.join(', ')}
  --base-url  the server, up to and with /v1
  --version   of the engine (default: what the server says)
  --model     by the server's name (default: the first that it lists)
  --compare   an older recording: what differs is printed, and nothing is written

It sends some 150 to 300 requests, an invalid grammar last, which crashes some engines, and writes the answers into
test/recordings/ENGINE-VERSION/recording.jsonl. A credential is read from UPSTREAM_API_KEY, and not written. With --compare it
exits with 1 when anything differs.
`;

/** `npm run record`: records a real engine, for the tests that replay it. */
async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { engine: text, 'base-url': text, version: text, model: text, compare: text, help: { type: 'boolean' } },
  });
  const engine = ENGINES.find((each) => each === values.engine);
  const baseUrl = values['base-url'];
  if (values.help || !engine || baseUrl === undefined) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 2;
  }
  const { version, model } = values;
  const subject = { engine, baseUrl, version, model, apiKey: process.env.UPSTREAM_API_KEY };
  const recording = await record(subject, (name) =>
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${name}` : ''),
  );
  if (values.compare !== undefined) {
    const differences = compare(readRecording(values.compare), recording);
    process.stdout.write(toText(differences));
    return differences.length > 0 ? 1 : 0;
  }
  const folder = `test/recordings/${engine}-${recording.version.replaceAll(/[^\w.+-]/g, '_')}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/recording.jsonl`, writeRecording(recording));
  process.stdout.write(`${recording.exchanges.length} answers are in ${folder}.\n`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
