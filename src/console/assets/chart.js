import { make, numberCell, numberText, row, timeText } from './dom.js';
import './language.js';
import uPlot from './uplot.js';

/** Lines over time, on a canvas, and the same as a table. */

const HEIGHT = 200;
const DAY_S = 86_400;
/** There is no half of a request. */
const WHOLE = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

const compact = new Intl.NumberFormat(undefined, { notation: 'compact' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** A canvas knows nothing of the page's colours: they are asked for when it is drawn. */
function colorOf(name) {
  const probe = make('span', { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const SCROLLS = { className: 'scrolls short', tabIndex: 0, role: 'region' };

const charts = new Set();
/** The pointer is at the same time in all charts. */
const sync = { key: 'usage' };

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
  charts.forEach((chart) => chart.drawAnew()),
);

export class Chart {
  /** `format` writes a value. */
  constructor(figure, title, format = numberText) {
    this.title = title;
    figure.ariaLabel = title;
    this.format = format;
    this.plotElement = make('div', { className: 'plot', role: 'img' });
    this.total = make('span', { className: 'hint' });
    this.details = make('details', {}, make('summary', { textContent: 'As a table' }));
    this.details.addEventListener('toggle', () => this.fillTable());
    figure.append(make('figcaption', {}, `${title} `, this.total), this.plotElement, this.details);
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(this.plotElement);
    charts.add(this);
  }

  /** `series` are names, values at the times, and totals; null where there is nothing to say. */
  show(times, series, description) {
    const isSame = this.plot && JSON.stringify(series.map(nameOf)) === JSON.stringify(this.series.map(nameOf));
    Object.assign(this, { times, series });
    const totals = series.map(({ name, total }) => `${name} ${total === null ? 'nothing' : this.format(total)}`);
    this.plotElement.ariaLabel = `${this.title} ${description}: ${totals.join(', ') || 'nothing'}`;
    if (isSame) this.plot.setData(this.data());
    else this.drawAnew();
    this.fillTable();
  }

  drawAnew() {
    this.plot?.destroy();
    this.plot = undefined;
    if (!this.series?.length) return;
    const axis = { stroke: () => colorOf('--muted'), grid: { stroke: () => colorOf('--line'), width: 1 } };
    const ticks = { show: false };
    this.plot = new uPlot(
      {
        ...this.size(),
        cursor: { sync, drag: { x: false, y: false } },
        scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [
          { ...axis, ticks, values: (_, splits) => splits.map((time) => this.timeLabel(time)), space: 64, size: 28 },
          {
            ...axis,
            ticks,
            values: (_, splits) => splits.map((value) => this.valueLabel(value)),
            size: 64,
            incrs: WHOLE,
          },
        ],
        series: [
          { label: 'Time', value: (_, time) => timeText(time, '') },
          ...this.series.map(({ name }, at) => ({
            label: name,
            stroke: colorOf(`--series-${at}`),
            width: 2,
            points: { fill: colorOf('--background') },
            // Of a time without requests there is no time to the first token.
            spanGaps: true,
            // Not by colour alone.
            dash: [[], [8, 4], [2, 3], [12, 3, 2, 3], [], [8, 4], [2, 3]][at],
            value: (_, value) => (value === null || value === undefined ? '' : this.format(value)),
          })),
        ],
      },
      this.data(),
      this.plotElement,
    );
  }

  data() {
    return [this.times, ...this.series.map(({ values }) => values)];
  }

  size() {
    return { width: Math.max(this.plotElement.clientWidth, 100), height: HEIGHT };
  }

  timeLabel(time) {
    const span = this.times.at(-1) - this.times[0];
    return (span > DAY_S ? day : clock).format(time * 1000);
  }

  valueLabel(value) {
    return this.format === numberText ? compact.format(value) : this.format(value);
  }

  /** Only what somebody looks at is filled in. */
  fillTable() {
    this.details.hidden = !this.series?.length;
    const old = this.details.querySelector('.scrolls');
    if (!this.details.open || this.details.hidden) return old?.remove();
    const head = make('tr', {}, make('th', { scope: 'col', textContent: 'Time' }));
    head.append(...this.series.map(({ name }) => make('th', { scope: 'col', className: 'number', textContent: name })));
    const lines = this.times.map((time, at) => {
      const values = this.series.map(({ values }) => values[at]);
      return row(timeText(time), ...values.map((value) => numberCell(value === null ? '–' : this.format(value))));
    });
    const table = make('table', {}, make('thead', {}, head), make('tbody', {}, ...lines.reverse()));
    // What somebody has scrolled to stays where it is.
    if (old) old.replaceChildren(table);
    else this.details.append(make('div', { ...SCROLLS, ariaLabel: this.title }, table));
  }
}

const nameOf = ({ name }) => name;
