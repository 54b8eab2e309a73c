import { call, gatewayTime } from './api.js';
import { Chart } from './chart.js';
import { durationText, element, numberCell, numberText, row } from './dom.js';
import { addView, loadView } from './views.js';

/** Usage over time, by model, project or key. */

const EVERY_MS = 10_000;
/** Groups with a line of their own; the others share one more line. */
const MAX_GROUPS = 6;

/** For each time range: the buckets of the charts, and wider ones that suffice to find the largest groups. */
const RANGES = {
  hour: { width: '1m', widthS: 60, count: 60, wide: '1h' },
  day: { width: '1h', widthS: 3_600, count: 24, wide: '1d' },
  week: { width: '1h', widthS: 3_600, count: 168, wide: '1d' },
  month: { width: '1d', widthS: 86_400, count: 30, wide: '1d' },
};

const GROUPS = {
  model: { field: 'model', nameField: 'model', filter: 'models[]' },
  project: { field: 'project_id', nameField: 'project_name', filter: 'project_ids[]' },
  key: { field: 'api_key_id', nameField: 'api_key_name', filter: 'api_key_ids[]' },
};

const tokensOf = (sums) => sums.input_tokens + sums.output_tokens;
const firstTokenOf = (sums) => (sums.num_first_tokens > 0 ? sums.first_token_ms / sums.num_first_tokens : null);

const charts = [
  { chart: new Chart(element('chart-requests'), 'Requests'), valueOf: (sums) => sums.num_model_requests },
  { chart: new Chart(element('chart-tokens'), 'Tokens'), valueOf: tokensOf },
  { chart: new Chart(element('chart-errors'), 'Errors'), valueOf: (sums) => sums.num_errors },
  {
    chart: new Chart(element('chart-first-token'), 'Mean time to first token', durationText),
    valueOf: firstTokenOf,
  },
];

const FIELDS = [
  'num_model_requests',
  'num_errors',
  'input_tokens',
  'output_tokens',
  'num_first_tokens',
  'first_token_ms',
];

const choices = element('usage-choices');

async function load(isCurrent) {
  const by = choices.elements.by.value;
  const { width, widthS, count, wide } = RANGES[choices.elements.range.value];
  const now = gatewayTime();
  const start = now - (now % widthS) - (count - 1) * widthS;
  const read = async (parameters) => (await call('GET', `/usage/completions?${new URLSearchParams(parameters)}`)).data;
  const fine = [
    ['start_time', String(start)],
    ['bucket_width', width],
    ['limit', String(count)],
  ];
  const { field, filter } = GROUPS[by];
  const grouping = ['group_by[]', field];
  const [all, widely] = await Promise.all([
    read(fine),
    read([['start_time', String(start)], ['bucket_width', wide], ['limit', '31'], grouping]),
  ]);
  const names = mostUsed(widely, GROUPS[by]);
  const filters = [...names.keys()].map((id) => [filter, id]);
  const grouped = names.size === 0 ? [] : await read([...fine, grouping, ...filters]);
  if (isCurrent()) show(all, seriesOf(all, grouped, names, field), by);
}

/** The groups with the most tokens: their names by id. */
function mostUsed(buckets, { field, nameField }) {
  const groups = Map.groupBy(
    buckets.flatMap(({ results }) => results),
    (result) => result[field],
  );
  groups.delete(null);
  const sums = [...groups].map(([id, results]) => ({ id, name: results[0][nameField] ?? id, ...sumOf(results) }));
  sums.sort((a, b) => tokensOf(b) - tokensOf(a) || b.num_model_requests - a.num_model_requests);
  return new Map(sums.slice(0, MAX_GROUPS).map(({ id, name }) => [id, name]));
}

/** The sums of each group, bucket by bucket; what belongs to none goes to `others`. */
function seriesOf(all, grouped, names, field) {
  const groups = [...names].map(([id, name]) => ({
    name,
    sums: all.map((_, at) => sumOf((grouped[at]?.results ?? []).filter((result) => result[field] === id))),
  }));
  const rest = all.map(({ results }, at) => {
    const rest = sumOf(results);
    for (const { sums } of groups) for (const name of FIELDS) rest[name] -= sums[at][name];
    return rest;
  });
  if (rest.some((sums) => sums.num_model_requests > 0)) groups.push({ name: 'others', sums: rest });
  return groups;
}

function sumOf(results) {
  const sumUp = (name) => results.reduce((sum, result) => sum + result[name], 0);
  return Object.fromEntries(FIELDS.map((name) => [name, sumUp(name)]));
}

function show(buckets, groups, by) {
  const times = buckets.map(({ start_time: time }) => time);
  const range = choices.elements.range.selectedOptions[0].textContent;
  for (const { chart, valueOf } of charts) {
    const series = groups.map(({ name, sums }) => ({ name, values: sums.map(valueOf), total: valueOf(sumOf(sums)) }));
    chart.show(times, series, `by ${by}, ${range}`);
  }
  element('usage-by').textContent = choices.elements.by.selectedOptions[0].textContent;
  element('usage-sums').replaceChildren(
    ...groups.map(({ name, sums }) => {
      const sum = sumOf(sums);
      const firstToken = firstTokenOf(sum);
      return row(
        name,
        numberCell(numberText(sum.num_model_requests)),
        numberCell(numberText(sum.num_errors)),
        numberCell(numberText(sum.input_tokens)),
        numberCell(numberText(sum.output_tokens)),
        numberCell(firstToken === null ? '–' : durationText(firstToken)),
      );
    }),
  );
  element('no-usage').hidden = groups.length > 0;
}

choices.addEventListener('change', () => void loadView());
choices.addEventListener('submit', (event) => event.preventDefault());
document.addEventListener('signed-out', () => show([], [], 'model'));

addView('usage', load, EVERY_MS);
