import { element } from './dom.js';
import { runPoll } from './session.js';

/** The views of the page: the URL's fragment names the one that is shown. It is reloaded while the page is visible. */

const views = new Map();
let shown;
let timer;
/** The number of the current load: tells late answers of earlier ones. */
let turn = 0;

/** Without `everyMs` the view is not reloaded by itself. */
export function addView(name, load, everyMs) {
  views.set(name, { name, load, everyMs });
}

export function allowView(name, isAllowed) {
  element('views').querySelector(`a[href="#${name}"]`).parentElement.hidden = !isAllowed;
}

/** Shows the view that the URL names if it is allowed, else the first one that is. */
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

/** Reloads the shown view at once, for instance after a filter has changed. An earlier load is ignored. */
export async function loadView() {
  clearTimeout(timer);
  const view = shown;
  const mine = ++turn;
  const isCurrent = () => mine === turn;
  if (!view || document.hidden) return;
  await runPoll(() => view.load(isCurrent));
  if (isCurrent() && view.everyMs !== undefined) timer = setTimeout(() => void loadView(), view.everyMs);
}

export function hideViews() {
  clearTimeout(timer);
  turn++;
  shown = undefined;
}

globalThis.addEventListener('hashchange', () => shown && void showView());
document.addEventListener('visibilitychange', () => shown?.everyMs !== undefined && void loadView());
