import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Contender, contendersOf } from './contenders.ts';
import { RUN_NUMBERS, writeRun } from './document.ts';
import { CONTENDER_NAMES, FIGURE_NAMES, type Round, type Run, type Summaries } from './figures.ts';
import { goalTable } from './goals.ts';
import { startHarness } from './harness.ts';
import { directFigures, Meter } from './measure.ts';
import { modelNamesOf, planOf } from './plan.ts';
import { find } from './programs.ts';
import { summarize } from './statistics.ts';
import { tablesOf } from './table.ts';

const USAGE = `usage: npm run bench -- [--rounds N] [--quick] [--only NAME]... [--write 1|2]

  --rounds  rounds, each of which measures every contender (default: 5)
  --quick   one short round of everything, to check that the bench works
  --only    a contender: nginx, gateway, naive or portkey; repeat it for several (default: all)
  --write   store the figures as run 1 or run 2, and update docs/performance.md and docs/performance.svg
`;

/** Memory varies little between rounds, and opening thousands of streams takes long. */
const HELD_ROUNDS = 1;

const root = fileURLToPath(new URL('..', import.meta.url));

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        write: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
    if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds: expected a number of rounds');
    const write = RUN_NUMBERS.find((number) => String(number) === values.write);
    if (values.write !== undefined && write === undefined) throw new Error('--write: expected 1 or 2');
    const names: Record<string, string> = CONTENDER_NAMES;
    const only = values.only?.map((key) => names[key] ?? '');
    if (only?.includes('')) throw new Error('--only: expected nginx, gateway, naive or portkey');
    return { help: values.help ?? false, rounds, isQuick: values.quick, only, write };
  } catch (error) {
    say(`${(error as Error).message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

/** Installs Portkey beside this file: the gateway itself does not need it. */
function installPortkey(): void {
  if (existsSync(join(root, 'bench', 'node_modules'))) return;
  say('Installing Portkey for comparison (once) …');
  try {
    const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', options, { cwd: join(root, 'bench'), stdio: ['ignore', 2, 2] });
  } catch {
    // `contendersOf` leaves it out and says so.
  }
}

function portkeyVersion(): string | undefined {
  const file = join(root, 'bench', 'node_modules', '@portkey-ai', 'gateway', 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined;
}

function describeMachine(): string[] {
  const [cpu] = cpus();
  const nginx = find('nginx');
  const nginxVersion = nginx && execFileSync('sh', ['-c', `${nginx} -v 2>&1`], { encoding: 'utf8' }).trim();
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `${availableParallelism()} cores, ${cpu?.model ?? 'unknown'}, ${memory} GiB, Linux ${/^[\d.]+/.exec(release())?.[0] ?? ''}`,
    `Node ${process.version.slice(1)}, nginx ${nginxVersion?.split('/').at(-1) ?? 'not installed'}, Portkey ${portkeyVersion() ?? 'not installed'}`,
  ];
}

function summariesOf(rounds: readonly Round[]): Summaries {
  const names = FIGURE_NAMES.filter((name) => rounds.some((round) => name in round));
  return Object.fromEntries(names.map((name) => [name, summarize(rounds.map((round) => round[name] ?? null))]));
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return void process.stdout.write(USAGE);
  if (process.platform !== 'linux') throw new Error('The bench reads /proc: it runs on Linux only.');
  if (options.only?.includes(CONTENDER_NAMES.portkey) ?? true) installPortkey();
  const { directory, upstreamPorts, load } = await startHarness(root);
  if (!load.isComplete) say('No C compiler: wrk measures JSON answers; latency, streams and memory are skipped.');
  const plan = planOf(options.isQuick);
  const contenders = contendersOf({ root, directory, upstreamPorts, models: modelNamesOf(plan) }, say).filter(
    ({ name }) => options.only?.includes(name) ?? true,
  );

  const meter = new Meter(plan, load, join(directory, 'contenders.log'));
  const direct: Round[] = [];
  const measured = new Map<Contender, Round[]>(contenders.map((contender) => [contender, []]));
  for (let round = 1; round <= options.rounds; round++) {
    say(`Round ${round} of ${options.rounds}: direct …`);
    const base = await meter.measureDirect(upstreamPorts[0], round <= HELD_ROUNDS);
    direct.push(directFigures(base));
    for (const [contender, rounds] of measured) {
      say(`Round ${round} of ${options.rounds}: ${contender.name} …`);
      rounds.push(await meter.measureContender(contender, base, round <= HELD_ROUNDS));
    }
  }

  const run: Run = {
    machine: describeMachine(),
    rounds: options.rounds,
    isQuick: options.isQuick,
    contenders: {
      ...Object.fromEntries([...measured].map(([{ name }, rounds]) => [name, summariesOf(rounds)])),
      [CONTENDER_NAMES.direct]: summariesOf(direct),
    },
  };
  process.stdout.write(`${tablesOf(run)}\n\n${goalTable(new Map([[1, run]]))}\n`);
  if (options.write !== undefined) await writeRun(root, options.write, run);
  process.exit(0);
}

main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
