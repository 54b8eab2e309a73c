import { type Capability, CAPABILITY_NAMES, descriptionOf, type Support } from '../engines/capabilities.js';
import type { UpstreamConfig } from '../config/config.js';
import { ENGINES } from '../engines/engine-names.js';
import { configuredProfile, type EngineProfile } from '../engines/engine-profile.js';
import { ENGINE_PROFILES } from '../engines/engine-profiles.js';

type Engine = UpstreamConfig['engine'];

const SYMBOLS: Readonly<Record<Support, string>> = { native: '✓', emulate: '≈', refuse: '✗' };

/** What an emulation costs the engine; what costs nothing is not here. */
const COSTS: Partial<Record<Capability, string>> = {
  prompt_list: 'as many requests as texts',
  prompt_tokens_list: 'as many requests as lists',
  suffix: 'nothing more',
  max_tokens_zero: 'one token for each choice',
  echo_only: 'one token for each choice',
  n: 'as many requests as choices, each of which reads the prompt',
  n_greedy: 'as many requests as choices, each of which reads the prompt',
  best_of: 'as `n` costs, for `best_of` choices',
  echo: 'nothing more',
  stop: 'what it generates past the text, where it does not find it itself; a stream is aborted there',
  stream_usage: 'one small request for each prompt and each choice',
};

/** The document of what every engine does, what the gateway makes up for, and what it refuses. */
export function buildConformance(): string {
  return `${[
    '# Conformance',
    '',
    'What each engine does with `POST /v1/completions`, and what the gateway does about it. Made by `npm run conformance` from the',
    'profiles in `src/engines/`. They say how the engines are known to be; `npm run doctor` asks the one that you run.',
    '',
    '- ✓ the engine does it as the contract says: it is passed on;',
    '- ≈ the gateway makes up for it;',
    '- ✗ neither can: where no other upstream of the model can either, the caller gets 400 `unsupported_parameter`.',
    '',
    ...table(
      ['', 'asked for', ...ENGINES],
      CAPABILITY_NAMES.map((name) => [
        code(name),
        descriptionOf(name).asks,
        ...ENGINES.map((engine) => SYMBOLS[ENGINE_PROFILES[engine].capabilities[name]]),
      ]),
    ),
    '',
    'Where several upstreams serve a model, one that does by itself what is asked for is preferred to one that takes more requests for it.',
    'An upstream that differs from its engine’s profile says so under `capabilities`.',
    '',
    '## How it is made up for',
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
    '- `echo` that is made up for needs the prompt as text: with token ids it is refused, since only the engine can spell them.',
    '- `best_of` that is made up for needs `logprobs` and `n`, native or made up for: without them there is nothing to rank.',
    '- `suffix` that is made up for needs the prompt as text, and an engine with `/infill` or a template for the model in `fimTemplates`.',
    '  With `echo` and `logprobs` it is refused: the tokens that the engine sees are not those of the prompt.',
    '- The usage of a stream that is made up for needs the prompt as text, and an engine that counts the tokens of a text.',
    '- `echo` with `logprobs` is never made up for: who scores a text would get numbers that look right and are not.',
    '',
    '## What stays different',
    '',
    ...ENGINES.flatMap(limitsOf),
    '## Fields that the contract does not list',
    '',
    '`top_k`, `min_p`, `ignore_eos` and their like go to the engine as they are, or are refused with 422 `extra_forbidden` where the engine',
    'would drop them in silence. `extraParameters` of the upstream changes that.',
    '',
    ...table(
      ['', 'other fields', 'sent where the caller says nothing'],
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
  return CAPABILITY_NAMES.flatMap((name) => {
    const { emulation } = descriptionOf(name);
    return emulation === undefined ? [] : [[code(name), emulation, COSTS[name] ?? 'nothing']];
  });
}

function limitsOf(engine: Engine): string[] {
  const { limits } = ENGINE_PROFILES[engine];
  return limits.length === 0 ? [] : [`### ${engine}`, '', ...limits.map((limit) => `- ${limit}`), ''];
}

function extrasOf({ extraParameters }: EngineProfile): string {
  return { forward: 'sent on', refuse: 'refused' }[extraParameters];
}

function defaultsOf({ samplingDefaults = {} }: EngineProfile): string {
  const defaults = Object.entries(samplingDefaults).map(([name, value]) => code(`${name}: ${value}`));
  return defaults.length === 0 ? 'nothing' : defaults.join(', ');
}

function chatChanges(): string[][] {
  const native = ENGINE_PROFILES.openai;
  const { capabilities } = configuredProfile(native, { api: 'chat' });
  const changed = CAPABILITY_NAMES.filter((name) => capabilities[name] !== native.capabilities[name]);
  return changed.map((name) => [code(name), SYMBOLS[capabilities[name]]]);
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
