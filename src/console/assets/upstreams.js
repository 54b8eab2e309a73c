import { request } from './api.js';
import { element, fullness, make, numberText, row } from './dom.js';
import { addView } from './views.js';

/** The state of the upstreams, for administrators of the gateway. */

const EVERY_MS = 2_000;

const WORDS = {
  healthy: 'healthy',
  rate_limited: 'rate-limited',
  half_open: 'half-open: one request tries it',
  ejected: 'ejected',
  drained: 'drained',
  down: 'down',
};

/** @throws {ApiError} 403 for administrators of an organization. */
export const readUpstreams = async () => (await request('GET', '/admin/upstreams')).upstreams;

async function load(isCurrent) {
  const upstreams = await readUpstreams();
  if (isCurrent()) element('upstreams').replaceChildren(...upstreams.map(toRow));
}

function toRow(upstream) {
  const { engine, version, available, condition, in_flight: used, max_concurrency: limit } = upstream;
  const models = upstream.rate_limited_models;
  const state = (WORDS[condition] ?? condition) + (models.length > 0 ? `: ${models.join(', ')}` : '');
  return row(
    upstream.name,
    make('span', { className: available ? 'good' : 'bad', textContent: available ? state : `${state}, gets nothing` }),
    limit === null ? numberText(used) : fullness(used, limit),
    numberText(upstream.ejections),
    version === null ? engine : `${engine} ${version}`,
    upstream.base_url ?? '–',
  );
}

addView('upstreams', load, EVERY_MS);
