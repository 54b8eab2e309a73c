import { bodyOf, type Exchange, type Recording } from './recording.js';

export interface Difference {
  name: string;
  /** Undefined where the other recording has no such request. */
  before: string | undefined;
  after: string | undefined;
}

/** Fields that differ each time. */
const VOLATILE = new Set([
  ...[
    'id',
    'created',
    'modified_at',
    'created_at',
    'system_fingerprint',
    'build_info',
    'version',
    'timings',
    'id_slot',
  ],
  ...['total_duration', 'load_duration', 'prompt_eval_duration', 'eval_duration', 'media_marker', 'cached_tokens'],
]);

/** The differences of a newer recording, request by request. */
export function compare(before: Recording, after: Recording): Difference[] {
  const answerTo = ({ exchanges, model }: Recording, name: string): string | undefined => {
    const exchange = exchanges.find((each) => each.name === name);
    return exchange && essenceOf(exchange).replaceAll(model, 'MODEL');
  };
  const names = new Set([...before.exchanges, ...after.exchanges].map(({ name }) => name));
  return [...names]
    .map((name) => ({ name, before: answerTo(before, name), after: answerTo(after, name) }))
    .filter((each) => each.before !== each.after);
}

/** Status, end and body, without what differs each time: volatile fields, the order of choices in a stream. */
function essenceOf({ answer }: Exchange): string {
  const { status, end } = answer;
  return [`${status} ${end}`, ...bodyOf(answer).split('\n').filter(Boolean).map(lineOf).sort()].join('\n');
}

function lineOf(line: string): string {
  const [, field = '', data = ''] = /^(data: )?(.*)$/.exec(line) ?? [];
  try {
    return field + JSON.stringify(JSON.parse(data), steady);
  } catch {
    return line;
  }
}

/** Log probabilities differ from build to build in their last digits, and some are 0. */
function steady(name: string, value: unknown): unknown {
  if (VOLATILE.has(name)) return typeof value;
  return typeof value === 'number' && (value <= 0 || !Number.isInteger(value)) ? 'small' : value;
}

export function toText(differences: readonly Difference[]): string {
  if (differences.length === 0) return 'Nothing differs.\n';
  const shorten = (text: string | undefined): string => (text === undefined ? '(not asked)' : firstOf(text));
  return differences
    .map(({ name, before, after }) => {
      const [was, is] = fromFirstDifference(before ?? '', after ?? '');
      return `${name}\n  - ${before === undefined ? shorten(before) : shorten(was)}\n  + ${after === undefined ? shorten(after) : shorten(is)}\n`;
    })
    .join('');
}

function firstOf(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function fromFirstDifference(before: string, after: string): [string, string] {
  const [was, is] = [before.split('\n'), after.split('\n')];
  const at = was.findIndex((line, index) => line !== is[index]);
  return [was[at < 0 ? was.length - 1 : at] ?? '', is[at < 0 ? was.length : at] ?? ''];
}
