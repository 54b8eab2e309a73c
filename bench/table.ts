import { CONTENDER_NAMES, FIGURES, type FigureName, figuresOf, type Group, type Run } from './figures.ts';
import type { Summary } from './statistics.ts';

const TITLES: Record<Group, string> = {
  json: 'JSON answers',
  streams: 'Streams',
  held: 'Open streams, start',
  harness: 'The harness alone, without a gateway',
};

/** Every figure of a run, as Markdown. */
export function tablesOf(run: Run): string {
  const groups = Object.keys(TITLES) as Group[];
  return groups.map((group) => `**${TITLES[group]}**\n\n${tableOf(run, group)}`).join('\n\n');
}

/** One row for each contender, one column for each figure of the group. */
export function tableOf(run: Run, group: Group): string {
  const figures = figuresOf(group);
  const contenders = Object.entries(run.contenders).filter(
    ([name]) => (name === CONTENDER_NAMES.direct) === (group === 'harness'),
  );
  const head = ['', ...figures.map((name) => FIGURES[name].label)];
  const rows = contenders.map(([name, summaries]) => [
    name,
    ...figures.map((figure) => cellOf(summaries[figure], figure)),
  ]);
  return markdown([head, ['---', ...figures.map(() => '--:')], ...rows]);
}

export function markdown(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** `12.3 (11.9–14.0)`: the median and the spread of the rounds. */
function cellOf(summary: Summary | null | undefined, figure: FigureName): string {
  if (!summary) return '–';
  const write = (value: number) => number(value, FIGURES[figure].digits);
  const [median, minimum, maximum] = [summary.median, summary.minimum, summary.maximum].map(write);
  return minimum === maximum ? `${median}` : `${median} (${minimum}–${maximum})`;
}

/** A rounded `-0.00` is written without its sign. */
export function number(value: number, digits: number): string {
  const format = new Intl.NumberFormat('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: 'negative',
  });
  return format.format(value).replace('-', '−');
}
