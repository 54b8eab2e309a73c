import { element } from './dom.js';
import { runAgain } from './session.js';

/**
 * The parts of the page, of which one is shown: the one that the address names. What it shows is loaded again and again while
 * somebody can see it.
 */

/** By name: how it loads, and after how many milliseconds again; without them, not again. */
const views = new Map();
let shown;
let timer;
/** Counts what was shown: an answer that comes late is known by it. */
let turn = 0;

export function addView(name, load, everyMs) {
  views.set(name, { name, load, everyMs });
}

/** Whether the address may name it. */
export function allowView(name, isAllowed) {
  element('views').querySelector(`a[href="#${name}"]`).parentElement.hidden = !isAllowed;
}

/** Shows what the address names, as far as it is allowed, else the first. */
export async function showView() {
  const links = [...element('views').querySelectorAll('a')].filter(({ parentElement }) => !parentElement.hidden);
  const wanted = location.hash.slice(1);
  const current = links.find(({ hash }) => hash === `#${wanted}`) ?? links[0];
  for (const link of element('views').querySelectorAll('a')) {
    if (link === current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  shown = views.get(current.hash.slice(1));
  for (const name of views.keys()) element(`view-${name}`).hidden = name !== shown.name;
  document.title = `${current.textContent} · Completions gateway`;
  await loadView();
}

/** Loads what is shown at once, as when what is asked for has changed. What still loads is forgotten. */
export async function loadView() {
  clearTimeout(timer);
  const view = shown;
  const mine = ++turn;
  const isCurrent = () => mine === turn;
  if (!view || document.hidden) return;
  await runAgain(() => view.load(isCurrent));
  if (isCurrent() && view.everyMs !== undefined) timer = setTimeout(() => void loadView(), view.everyMs);
}

export function hideViews() {
  clearTimeout(timer);
  turn++;
  shown = undefined;
}

globalThis.addEventListener('hashchange', () => shown && void showView());
document.addEventListener('visibilitychange', () => shown?.everyMs !== undefined && void loadView());
