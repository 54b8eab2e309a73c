import { FEATURES } from '../completions/features/all.js';
import type { Support } from '../engines/feature-names.js';
import type { UpstreamConfig } from '../config/config.js';
import { ENGINES } from '../engines/engine-names.js';
import { configuredProfile, type EngineProfile } from '../engines/engine-profile.js';
import { ENGINE_PROFILES } from '../engines/engine-profiles.js';

type Engine = UpstreamConfig['engine'];

const SYMBOLS: Readonly<Record<Support, string>> = { native: '✓', emulate: '≈', refuse: '✗' };

/** The document of what every engine does, what the gateway emulates, and what it refuses. */
export function buildConformance(): string {
  return `${[
    '# Conformance',
    '',
    'What each engine does with `POST /v1/completions`, and what the gateway does about it. Made by `npm run conformance` from the',
    'profiles in `src/engines/`. They say how the engines are known to be; `npm run doctor` asks the one that you run.',
    '',
    '- ✓ the engine does it as the contract says: it is passed on;',
    '- ≈ the gateway emulates it;',
    '- ✗ neither can: where no other upstream of the model can either, the client gets 400 `unsupported_parameter`.',
    '',
    ...table(
      ['', 'asked for', ...ENGINES],
      FEATURES.map(({ name, asks }) => [
        code(name),
        asks,
        ...ENGINES.map((engine) => SYMBOLS[ENGINE_PROFILES[engine].capabilities[name]]),
      ]),
    ),
    '',
    ...table(
      ['engine', 'versions that were run and recorded'],
      ENGINES.map((engine) => [engine, seenOf(engine)]),
    ),
    '',
    'Where several upstreams serve a model, one that does by itself what is asked for is preferred to one that takes more requests for it.',
    'An upstream that differs from its engine’s profile says so under `capabilities`.',
    '',
    '## How it is emulated',
    '',
    ...table(['', 'how', 'what it costs the engine'], emulations()),
    '',
    'A request that has to be split goes out as at most `fanOut` requests at a time, and as 2,048 in all. All of them together are at most',
    '`routing.maxFanOutBytes` (256 MiB), and their answers, or the prompts that are echoed in any answer, at most',
    '`routing.maxMergedAnswerBytes` (64 MiB). What would be more is refused with 400.',
    '',
    '## What has to come together',
    '',
    'Where it does not, the request is refused with 400, as if the engine’s cell were ✗.',
    '',
    ...FEATURES.flatMap(({ name, emulation }) =>
      emulation?.requires === undefined ? [] : [`- ${code(name)} that is emulated needs ${emulation.requires}.`],
    ),
    '- `echo` with `logprobs` is never emulated: who scores a text would get numbers that look right and are not.',
    '',
    '## What stays different',
    '',
    ...ENGINES.flatMap(limitsOf),
    '## Fields that the contract does not list',
    '',
    '`top_k`, `min_p`, `ignore_eos` and their like go to an engine that is known to take them. The others are refused with 422',
    '`extra_forbidden`, which says what to do: an engine may drop them in silence, or they may undo what the contract promises.',
    '`extraParameters` of the upstream changes that: `forward` sends all, `refuse` none.',
    '',
    ...table(
      ['', 'known to take', 'sent where the client says nothing'],
      ENGINES.map((engine) => [code(engine), extrasOf(ENGINE_PROFILES[engine]), defaultsOf(ENGINE_PROFILES[engine])]),
    ),
    '',
    '## Servers with chat completions only',
    '',
    'With `api: chat` the prompt is sent as one message of the user, and the answer comes back as a completion. That changes, for every engine,',
    'but that log probabilities stay refused where the engine has none:',
    '',
    ...table(['', 'with `api: chat`'], chatChanges()),
    '',
    'The server puts its chat template around the prompt: the text is an answer to the prompt rather than its continuation.',
  ].join('\n')}\n`;
}

function emulations(): string[][] {
  return FEATURES.flatMap(({ name, emulation }) =>
    emulation ? [[code(name), emulation.how, emulation.cost ?? 'nothing']] : [],
  );
}

function seenOf(engine: Engine): string {
  if (engine === 'embedded') return 'the one that comes along';
  return ENGINE_PROFILES[engine].seen?.join(', ') ?? 'none: read from its source or documentation';
}

function limitsOf(engine: Engine): string[] {
  const { limits } = ENGINE_PROFILES[engine];
  return limits.length === 0 ? [] : [`### ${engine}`, '', ...limits.map((limit) => `- ${limit}`), ''];
}

function extrasOf({ knownFields }: EngineProfile): string {
  const names = Object.entries(knownFields).flatMap(([name, { instead, since, before }]) => {
    if (instead !== undefined) return [];
    const versions = since !== undefined ? ` (from ${since})` : before !== undefined ? ` (before ${before})` : '';
    return [code(name) + versions];
  });
  return names.length === 0 ? 'none' : names.join(', ');
}

function defaultsOf({ samplingDefaults = {} }: EngineProfile): string {
  const defaults = Object.entries(samplingDefaults).map(([name, value]) => code(`${name}: ${value}`));
  return defaults.length === 0 ? 'nothing' : defaults.join(', ');
}

function chatChanges(): string[][] {
  const native = ENGINE_PROFILES.openai;
  const { capabilities } = configuredProfile(native, { api: 'chat' });
  const changed = FEATURES.filter(({ name }) => capabilities[name] !== native.capabilities[name]);
  return changed.map(({ name }) => [code(name), SYMBOLS[capabilities[name]]]);
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A table with its columns aligned, as the formatter wants it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => lengthOf(row[column]))));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell))).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

function lengthOf(text = ''): number {
  return [...text].length;
}
