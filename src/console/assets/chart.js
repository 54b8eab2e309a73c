import { make, numberCell, numberText, row, timeText } from './dom.js';
import './language.js';
import uPlot from './uplot.js';

/** Line charts over time, drawn on a canvas, with the same figures as a table. */

const HEIGHT = 200;
const DAY_S = 86_400;
/** Steps of the value axis: half a request makes no sense. */
const WHOLE_STEPS = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

const compact = new Intl.NumberFormat(undefined, { notation: 'compact' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** A canvas does not know the page's CSS variables: resolves one to a colour. */
function colorOf(name) {
  const probe = make('span', { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const charts = new Set();
/** Charts with the same key show the cursor at the same time. */
const sync = { key: 'usage' };

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach((chart) => chart.redraw()));

export class Chart {
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

  /** Each of `series` has a name, a value for each time, and a total; null means no data. */
  show(times, series, description) {
    const isSame = this.plot && JSON.stringify(series.map(nameOf)) === JSON.stringify(this.series.map(nameOf));
    Object.assign(this, { times, series });
    const totals = series.map(({ name, total }) => `${name} ${total === null ? 'nothing' : this.format(total)}`);
    this.plotElement.ariaLabel = `${this.title} ${description}: ${totals.join(', ') || 'nothing'}`;
    if (isSame) this.plot.setData(this.data());
    else this.redraw();
    this.fillTable();
  }

  redraw() {
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
            incrs: WHOLE_STEPS,
          },
        ],
        series: [
          { label: 'Time', value: (_, time) => timeText(time, '') },
          ...this.series.map(({ name }, at) => ({
            label: name,
            stroke: colorOf(`--series-${at}`),
            width: 2,
            points: { fill: colorOf('--background') },
            // Without requests there is no time to the first token: bridge the gap.
            spanGaps: true,
            // Lines differ by more than colour.
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

  /** Fills the table while it is open. */
  fillTable() {
    this.details.hidden = !this.series?.length;
    const old = this.details.querySelector('.scrolls');
    if (!this.details.open || this.details.hidden) return old?.remove();
    const heads = this.series.map(({ name }) => make('th', { scope: 'col', className: 'number', textContent: name }));
    const head = make('tr', {}, make('th', { scope: 'col', textContent: 'Time' }), ...heads);
    const lines = this.times.map((time, at) => {
      const values = this.series.map(({ values }) => values[at]);
      return row(timeText(time), ...values.map((value) => numberCell(value === null ? '–' : this.format(value))));
    });
    const table = make('table', {}, make('thead', {}, head), make('tbody', {}, ...lines.reverse()));
    // Replacing the content keeps the scroll position.
    if (old) return old.replaceChildren(table);
    const region = { className: 'scrolls short', tabIndex: 0, role: 'region', ariaLabel: this.title };
    this.details.append(make('div', region, table));
  }
}

const nameOf = ({ name }) => name;
