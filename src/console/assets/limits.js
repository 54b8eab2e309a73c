import { call } from './api.js';
import { element, fullness, make, row } from './dom.js';
import { addView, loadView } from './views.js';

/** The limits in force, and how full they are. */

const EVERY_MS = 2_000;
const PAGE = 100;

const WORDS = {
  requests_per_minute: 'requests a minute',
  tokens_per_minute: 'tokens a minute',
  requests_per_day: 'requests a day',
  tokens_per_month: 'tokens a month',
  concurrent_requests: 'requests at once',
};

/** Pages that are shown. */
let pageCount = 1;

async function load(isCurrent) {
  const subjects = [];
  let page;
  for (let count = 0; count < pageCount && page?.has_more !== false; count++) {
    const after = page ? `&after=${encodeURIComponent(page.last_id)}` : '';
    page = await call('GET', `/limits?limit=${PAGE}&order=asc${after}`);
    subjects.push(...page.data);
  }
  if (!isCurrent()) return;
  const rows = subjects.flatMap((subject) => subject.limits.map((limit) => toRow(subject, limit)));
  element('limits').replaceChildren(...rows);
  element('no-limits').hidden = rows.length > 0;
  element('more-limits').hidden = !page.has_more;
}

function toRow({ scope, name }, { kind, models, limit, used }) {
  const of = models === null ? [] : [' of ', make('code', { textContent: models })];
  return row(`${scope} ${name}`, make('span', {}, WORDS[kind] ?? kind, ...of), fullness(used, limit));
}

element('more-limits').addEventListener('click', () => {
  pageCount++;
  void loadView();
});

document.addEventListener('signed-out', () => (pageCount = 1));

addView('limits', load, EVERY_MS);
