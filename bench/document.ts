import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { chartOf } from './chart.ts';
import type { Run } from './figures.ts';
import { goalTable } from './goals.ts';
import { tablesOf } from './table.ts';

/** The document shows two runs: a figure that only one run has is worth less. */
export const RUN_NUMBERS = [1, 2] as const;
export type RunNumber = (typeof RUN_NUMBERS)[number];

/** Stores the run, and updates the tables, the goals and the chart of `docs/performance.md`. */
export async function writeRun(root: string, number: RunNumber, run: Run): Promise<void> {
  await writeFormatted(fileOf(root, number), JSON.stringify(run));
  const runs = new Map(
    RUN_NUMBERS.filter((candidate) => existsSync(fileOf(root, candidate))).map((candidate) => [
      candidate,
      JSON.parse(readFileSync(fileOf(root, candidate), 'utf8')) as Run,
    ]),
  );
  const document = join(root, 'docs', 'performance.md');
  let text = replaceSection(readFileSync(document, 'utf8'), 'goals', goalTable(runs));
  for (const [key, stored] of runs) text = replaceSection(text, `run ${key}`, describeRun(stored));
  await writeFormatted(document, text);
  writeFileSync(join(root, 'docs', 'performance.svg'), chartOf(runs.get(1) ?? run));
}

/** Replaces what stands between `<!-- bench: name -->` and `<!-- end -->`. @throws when the marks are missing. */
export function replaceSection(text: string, name: string, content: string): string {
  const start = `<!-- bench: ${name} -->`;
  const from = text.indexOf(start);
  const to = text.indexOf('<!-- end -->', from);
  if (from === -1 || to === -1) throw new Error(`the document has no place for "${name}"`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`;
}

function describeRun(run: Run): string {
  const rounds = run.isQuick
    ? 'A quick run, to check the bench only: its figures say little.'
    : `Median (minimum–maximum) of ${run.rounds} rounds.`;
  return `${rounds}\n\n${run.machine.map((line) => `- ${line}`).join('\n')}\n\n${tablesOf(run)}`;
}

function fileOf(root: string, number: RunNumber): string {
  return join(root, 'bench', 'results', `run-${number}.json`);
}

async function writeFormatted(file: string, text: string): Promise<void> {
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
}
