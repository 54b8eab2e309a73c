/**
 * What a feature costs a JSON request: the gateway with it and without it, both warm, take turns slice by slice on one core.
 * Changes in the machine's speed then affect both alike; in a run of one after the other they would hide the cost.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../test/support/free-port.ts';
import { listen } from '../test/support/listen.ts';
import { firstAnswer } from './check-answers.ts';
import { gatewayOf, type GatewayOptions, type Setting } from './contenders.ts';
import { startHarness } from './harness.ts';
import type { LoadGenerator } from './load.ts';
import { JSON_CONNECTIONS } from './plan.ts';
import { CONTENDER_CORES, find, HARNESS_CORES, start } from './programs.ts';
import { completionRequest } from './request.ts';
import { median } from './statistics.ts';

const USAGE = `usage: npm run bench:pairs -- PAIR... [--slices N] [--slice-ms N] [--rate N] [--root FOLDER]

  PAIR        the feature: none, tracing, limits, usage, limits+usage, or redis (which needs a redis-server)
  --slices    slices of each gateway (default: 30)
  --slice-ms  the length of a slice (default: 1000)
  --rate      requests a second (default: as many as 64 connections allow)
  --root      the checkout, built, of the gateway without the feature (default: this one)
`;

const MODEL = 'bench-json';
const WARM_UP_MS = 8_000;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MANY = 1_000_000_000;

const limits = {
  key: {
    limits: { requestsPerMinute: MANY, tokensPerMinute: MANY, tokensPerMonth: MANY, concurrentRequests: 1_000_000 },
  },
};

async function optionsOf(pair: string, directory: string): Promise<Omit<GatewayOptions, 'name'>> {
  const usage = { database: 'embedded', dataDir: join(directory, `data-${pair}`) };
  switch (pair) {
    case 'none':
      return {};
    case 'tracing':
      return { config: { tracing: { endpoint: await collector() } } };
    case 'limits':
      return limits;
    case 'usage':
      return { config: usage };
    case 'limits+usage':
      return { ...limits, config: usage };
    case 'redis':
      return { ...limits, config: { limits: { store: await redis() } } };
    default:
      throw new Error(`${pair} is no pair`);
  }
}

/** Accepts spans and ignores them. */
async function collector(): Promise<string> {
  const server = createServer((request, response) => request.resume().on('end', () => response.end()));
  return `http://127.0.0.1:${await listen(server)}`;
}

async function redis(): Promise<string> {
  const program = find('redis-server');
  if (program === undefined) throw new Error('redis-server is not installed: .ci/limits-tools FOLDER');
  const port = await freePort();
  start({
    line: [program, '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--loglevel', 'warning'],
    cores: HARNESS_CORES,
  });
  return `redis://127.0.0.1:${port}`;
}

/** CPU time, in microseconds: of the whole process, and of the thread with the event loop. */
interface Cost {
  process: number;
  thread: number;
}

/** From `schedstat`, in nanoseconds: the ticks of `stat` are 10 ms. */
function cpuOf(pid: number): Cost {
  const folder = `/proc/${pid}/task`;
  const us = (task: string): number => Number.parseInt(readFileSync(`${folder}/${task}/schedstat`, 'latin1'), 10) / 1e3;
  return { process: readdirSync(folder).reduce((sum, task) => sum + us(task), 0), thread: us(String(pid)) };
}

/** Sends load for a time, and returns the cost of a request. */
type Slice = (durationMs: number, rate: number) => Promise<Cost>;

async function startGateway(setting: Setting, options: GatewayOptions, load: LoadGenerator): Promise<Slice> {
  const { commandFor, headers } = gatewayOf(setting, options);
  const port = await freePort();
  const { pid } = start({
    ...commandFor(port),
    cores: CONTENDER_CORES,
    logFile: join(setting.directory, `${options.name}.log`),
  });
  await firstAnswer(port, headers, MODEL);
  const request = completionRequest({ port, headers }, MODEL, false);
  return async (durationMs, rate) => {
    const before = cpuOf(pid);
    const { requests, errors } = await load.run({ port, request, connections: JSON_CONNECTIONS, durationMs, rate });
    if (errors > 0) throw new Error(`${errors} requests failed`);
    const after = cpuOf(pid);
    return {
      process: (after.process - before.process) / requests,
      thread: (after.thread - before.thread) / requests,
    };
  };
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? 0;
}

function describe(name: string, pairs: readonly { without: Cost; with: Cost }[], part: keyof Cost): string {
  const added = pairs.map((pair) => pair.with[part] - pair.without[part]);
  const figures = [median(added), quantile(added, 0.25), quantile(added, 0.75)].map((value) => value.toFixed(1));
  const base = median(pairs.map(({ without }) => without[part])).toFixed(1);
  return `${name}, ${part}: ${figures[0]} µs a request above ${base} (quartiles ${figures[1]} to ${figures[2]})`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    slices: { type: 'string', default: '30' },
    'slice-ms': { type: 'string', default: '1000' },
    rate: { type: 'string', default: '0' },
    root: { type: 'string', default: ROOT },
  },
});
if (positionals.length === 0) {
  process.stderr.write(USAGE);
  process.exit(2);
}

const { directory, upstreamPorts, load } = await startHarness(ROOT);
const rate = Number(values.rate);
for (const pair of positionals) {
  const setting = { root: ROOT, directory, upstreamPorts, models: [MODEL] };
  const base = { name: `without-${pair}`, config: { database: 'none' } };
  const without = await startGateway({ ...setting, root: values.root }, base, load);
  const having = await startGateway(setting, { name: `with-${pair}`, ...(await optionsOf(pair, directory)) }, load);
  for (const slice of [without, having]) await slice(WARM_UP_MS, rate);
  const pairs: { without: Cost; with: Cost }[] = [];
  for (let count = 0; count < Number(values.slices); count++) {
    const first = await without(Number(values['slice-ms']), rate);
    pairs.push({ without: first, with: await having(Number(values['slice-ms']), rate) });
  }
  for (const part of ['process', 'thread'] as const) process.stdout.write(`${describe(pair, pairs, part)}\n`);
}
process.exit(0);
