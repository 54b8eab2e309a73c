import { CONTENDER_NAMES, FIGURES, type FigureName, type Run } from './figures.ts';
import { number } from './table.ts';

const PANELS: readonly [figure: FigureName, title: string][] = [
  ['cpuUsPerRequest', 'CPU µs for a JSON request'],
  ['cpuUsPerPacedChunk', 'CPU µs for a chunk of a paced stream'],
  ['kilobytes4000', 'KB of memory for each of 4,000 open streams'],
];

const WIDTH = 720;
const LABEL_WIDTH = 150;
const VALUE_WIDTH = 70;
const ROW_HEIGHT = 24;
const TITLE_HEIGHT = 34;

interface Bar {
  label: string;
  value: number;
}

/** Bars for the figures that matter most; less is better. Readable on light and dark pages. */
export function chartOf(run: Run): string {
  let top = 0;
  const panels = PANELS.map(([figure, title]) => {
    const bars = barsOf(run, figure);
    const drawn = panel(title, bars, FIGURES[figure].digits, top);
    top += TITLE_HEIGHT + bars.length * ROW_HEIGHT;
    return drawn;
  });
  const height = top + 10;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="What each contender costs">
  <style>
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .title { font-weight: 600; }
    rect { fill: #8c959f; }
    .own { fill: #0969da; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      rect { fill: #6e7681; }
      .own { fill: #4493f8; }
    }
  </style>
${panels.join('\n')}
</svg>
`;
}

function barsOf(run: Run, figure: FigureName): Bar[] {
  return Object.entries(run.contenders).flatMap(([label, summaries]) => {
    const value = summaries[figure]?.median;
    return value === undefined ? [] : [{ label, value }];
  });
}

function panel(title: string, bars: readonly Bar[], digits: number, top: number): string {
  const largest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const lines = bars.flatMap(({ label, value }, index) => {
    const y = top + TITLE_HEIGHT + index * ROW_HEIGHT;
    const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
    const width = Math.max(1, Math.round((Math.max(0, value) / largest) * room));
    const style = label === CONTENDER_NAMES.gateway ? ' class="own"' : '';
    return [
      `  <text x="${LABEL_WIDTH - 8}" y="${y + 13}" text-anchor="end">${escape(label)}</text>`,
      `  <rect${style} x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${ROW_HEIGHT - 6}" rx="2"/>`,
      `  <text x="${LABEL_WIDTH + width + 6}" y="${y + 13}">${number(value, digits)}</text>`,
    ];
  });
  return [`  <text class="title" x="0" y="${top + 22}">${escape(title)}</text>`, ...lines].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
