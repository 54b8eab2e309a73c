import type { CompletionsUsageDto, UsageBucketDto } from '../admin/dto/usage.dto.js';

/** The values of `--by`, and their fields in a result. */
export const DIMENSIONS = { project: 'project_id', key: 'api_key_id', model: 'model', user: 'user_id' } as const;
export type Dimension = keyof typeof DIMENSIONS;

const COUNTS = {
  requests: 'num_model_requests',
  errors: 'num_errors',
  'input tokens': 'input_tokens',
  'output tokens': 'output_tokens',
} as const;

/** A head, and a line for each group, the one with the most tokens first. */
export function reportOf(buckets: readonly UsageBucketDto[], by: readonly Dimension[]): string[][] {
  const groups = Map.groupBy(
    buckets.flatMap(({ results }) => results),
    (result) => JSON.stringify(by.map((dimension) => result[DIMENSIONS[dimension]] ?? '-')),
  );
  const lines = [...groups].map(([names, results]) => ({
    names: JSON.parse(names) as string[],
    counts: Object.values(COUNTS).map((count) => sum(results, count)),
  }));
  lines.sort((a, b) => tokensOf(b.counts) - tokensOf(a.counts));
  return [
    [...by, ...Object.keys(COUNTS)],
    ...lines.map(({ names, counts }) => [...names, ...counts.map((count) => String(count))]),
  ];
}

/** Aligned columns, numbers to the right. */
export function asTable(lines: readonly string[][], textColumns: number): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const padded = lines.map((line) =>
    line.map((cell, at) => (at < textColumns ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))),
  );
  return padded.map((line) => `${line.join('  ').trimEnd()}\n`).join('');
}

/** RFC 4180. Clients choose names of users: what a spreadsheet would take for a formula is escaped by a quote. */
export function asCsv(lines: readonly string[][]): string {
  return lines.map((line) => `${line.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]./.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function sum(results: readonly CompletionsUsageDto[], count: (typeof COUNTS)[keyof typeof COUNTS]): number {
  return results.reduce((total, result) => total + result[count], 0);
}

function tokensOf(counts: readonly number[]): number {
  const [, , input = 0, output = 0] = counts;
  return input + output;
}
