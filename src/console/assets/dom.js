/** Finds and makes elements, and formats what they show. */

export const element = (id) => document.getElementById(id);

export function make(name, { className = '', ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(name), { className, ...properties });
  made.append(...children);
  return made;
}

/** A table row. Cells that are not yet table cells are wrapped in one. */
export function row(...cells) {
  const made = document.createElement('tr');
  for (const cell of cells) {
    if (cell instanceof HTMLTableCellElement) made.append(cell);
    else made.insertCell().append(cell);
  }
  return made;
}

export const numberCell = (text) => make('td', { className: 'number', textContent: text });

/** How much of a limit is used, as a meter and as text. */
export function fullness(used, limit, text = `${numberText(used)} of ${numberText(limit)}`) {
  const meter = make('meter', { max: limit, high: limit * 0.8, optimum: 0, value: used, ariaHidden: 'true' });
  return make('span', { className: 'fullness' }, meter, text);
}

/** Adds the options, pairs of value and name, that a select does not have yet. */
export function offer(select, names) {
  const known = new Set(Array.from(select.options, ({ value }) => value));
  for (const [value, name] of new Map(names)) if (!known.has(value)) select.append(new Option(name, value));
}

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const seconds = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const number = new Intl.NumberFormat();

/** `time` is in Unix seconds. */
export const timeText = (time, otherwise) => (time ? dateTime.format(new Date(time * 1000)) : otherwise);

/** To the second today; with the date, to the minute, before that. */
export function exactTime(time) {
  const date = new Date(time * 1000);
  const isToday = date.toDateString() === new Date().toDateString();
  const text = (isToday ? seconds : dateTime).format(date);
  return make('time', { dateTime: date.toISOString(), textContent: text });
}

export const numberText = (value) => number.format(value);

/** About three significant digits. */
export function durationText(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}
