import { call, gatewayTime } from './api.js';
import { durationText, element, exactTime, make, numberCell, numberText, offer, row } from './dom.js';
import { addView, loadView } from './views.js';

/** The latest requests, live. */

const MAX_ROWS = 100;
const EVERY_MS = 2_000;
/** Replicas write in batches: a request that ended this much earlier may still appear. */
const OVERLAP_S = 30;
const DAY_S = 86_400;

/** The rows that are shown, by request id, latest first. */
let shown = new Map();
/** Unix seconds: requests before this, less the overlap, are known. Polls need not search the whole day again. */
let askedUntil;
let isPaused = false;
let areChoicesLoaded = false;

const filters = element('request-filters');

async function load(isCurrent) {
  if (!areChoicesLoaded) await loadChoices();
  if (isPaused && askedUntil !== undefined) return;
  const now = gatewayTime();
  const page = await call('GET', `/usage/requests?${queryOf()}`);
  if (!isCurrent()) return;
  askedUntil = now;
  add(page.data);
}

function queryOf() {
  const query = new URLSearchParams({ limit: String(MAX_ROWS) });
  for (const [name, value] of new FormData(filters)) if (value !== '') query.append(name, value);
  if (askedUntil !== undefined) query.append('start_time', String(askedUntil - OVERLAP_S));
  return query;
}

function add(requests) {
  const fresh = requests.filter(({ id }) => !shown.has(id));
  if (fresh.length > 0) {
    const lines = [...fresh.map((request) => [request.id, toRow(request)]), ...shown];
    lines.sort(([a], [b]) => (a < b ? 1 : -1));
    for (const [, line] of lines.splice(MAX_ROWS)) line.remove();
    shown = new Map(lines);
    // Rows that stay are kept, and with them their selection and focus.
    const body = element('requests');
    let next = body.firstElementChild;
    for (const line of shown.values()) {
      if (line === next) next = next.nextElementSibling;
      else body.insertBefore(line, next);
    }
    offerFilters(fresh);
  }
  element('no-requests').hidden = shown.size > 0;
}

function toRow(request) {
  const { status, error_code: errorCode, first_token_ms: firstTokenMs, input_tokens: prompt } = request;
  const isWhole = status === 200 && errorCode === null;
  return row(
    exactTime(request.started_at),
    request.api_key_name ?? request.api_key_id,
    request.model,
    request.upstream ?? '–',
    make('span', {
      className: isWhole ? 'good' : 'bad',
      textContent: errorCode === null ? String(status) : `${status} ${errorCode}`,
    }),
    numberCell(`${numberText(prompt)} / ${numberText(request.output_tokens)}`),
    numberCell(firstTokenMs === null ? '–' : durationText(firstTokenMs)),
    numberCell(durationText(request.duration_ms)),
  );
}

/** Filters offer what was used in the last day, and what has been seen since. */
async function loadChoices() {
  const start = gatewayTime() - DAY_S;
  const { data } = await call(
    'GET',
    `/usage/completions?start_time=${start}&bucket_width=1d&group_by[]=model&group_by[]=api_key_id`,
  );
  offerFilters(data.flatMap(({ results }) => results));
  areChoicesLoaded = true;
}

/** Takes requests, or usage results, which name no upstream. */
function offerFilters(requests) {
  const offerAll = (name, of) => offer(filters.elements[name], requests.map(of));
  offerAll('models[]', ({ model }) => [model, model]);
  offerAll('api_key_ids[]', ({ api_key_id: id, api_key_name: name }) => [id, name ?? id]);
  offerAll('upstreams[]', ({ upstream }) => [upstream ?? '', upstream]);
}

function forget() {
  shown = new Map();
  askedUntil = undefined;
  element('requests').replaceChildren();
}

filters.addEventListener('change', () => {
  forget();
  void loadView();
});
filters.addEventListener('submit', (event) => event.preventDefault());

element('pause').addEventListener('click', ({ currentTarget }) => {
  isPaused = !isPaused;
  currentTarget.setAttribute('aria-pressed', String(isPaused));
  element('live').textContent = isPaused ? 'paused' : 'live';
  void loadView();
});

document.addEventListener('signed-out', () => {
  forget();
  filters.reset();
  for (const select of filters.querySelectorAll('select:not([name=status])')) select.length = 1;
  areChoicesLoaded = false;
});

addView('requests', load, EVERY_MS);
