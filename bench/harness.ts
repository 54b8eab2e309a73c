import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoadGenerator } from './load.ts';
import { compile, find } from './programs.ts';
import { startUpstreams } from './upstream.ts';

export interface Harness {
  /** For whatever is written; deleted when the process exits. */
  directory: string;
  upstreamPorts: readonly [number, number];
  load: LoadGenerator;
}

/** Starts two fake upstreams, and compiles the load generator. Everything ends with this process. */
export async function startHarness(root: string): Promise<Harness> {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
  const upstreamPorts = await startUpstreams(root, directory);
  const generator = compile(join(root, 'bench', 'load.c'), join(directory, 'load'));
  return { directory, upstreamPorts, load: new LoadGenerator(directory, generator, find('wrk')) };
}
