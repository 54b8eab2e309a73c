import type { Asked, Body } from './asked.js';
import type { Refusal } from './dialect.js';
import type { Outcome, Part } from './run.js';

/** Behaviour seen in engines that no cell of a profile describes. */
export interface Habit {
  refuse?: (body: Body) => Refusal | undefined;
  /** How the engine misunderstands the request. */
  change?: (asked: Asked, body: Body) => Partial<Asked>;
  /** How it spoils its own answer. */
  spoil?: (outcome: Outcome, body: Body) => Outcome;
}

/** Tokens. */
const SMALL_CONTEXT = 400;

const withParts = (outcome: Outcome, change: (parts: readonly Part[]) => readonly Part[]): Outcome => ({
  ...outcome,
  choices: outcome.choices.map((ran) => ({ ...ran, parts: change(ran.parts) })),
});

export const HABITS = {
  /** A start option of the server leaves one token to choose from, until a request says `top_k`. */
  'a temperature without effect': {
    change: ({ sampling }, body) => ({
      sampling: { ...sampling, topK: typeof body.top_k === 'number' ? body.top_k : 1 },
    }),
  },
  /** Whatever a request says. */
  'greedy only': { change: ({ sampling }) => ({ sampling: { ...sampling, topK: 1 } }) },
  'a suffix behind the text': {
    change: ({ prompts }) => ({ prompts: prompts.map((prompt) => ({ ...prompt, context: prompt.tokens })) }),
    spoil: (outcome, { suffix }) =>
      typeof suffix === 'string' ? withParts(outcome, (parts) => [...parts, { text: suffix, entries: [] }]) : outcome,
  },
  'several tokens a chunk': { spoil: (outcome) => withParts(outcome, inFours) },
  'long prompts cut in silence': {
    change: ({ prompts }) => ({
      prompts: prompts.map((prompt) => ({ ...prompt, context: prompt.context.slice(-SMALL_CONTEXT) })),
    }),
  },
  'long prompts refused': {
    refuse: ({ prompt }) =>
      String(prompt).length > 4 * SMALL_CONTEXT ? { status: 400, message: 'too many tokens' } : undefined,
  },
  'two likeliest tokens at most': {
    refuse: ({ logprobs }) =>
      Number(logprobs) > 2
        ? { status: 400, message: 'Requested sample logprobs of 5, greater than max_logprobs' }
        : undefined,
  },
  /** Told apart by the server. */
  'one stream at a time': {},
  'slots that end with the connection': {},
  'slots that go on after it': {},
} satisfies Record<string, Habit>;

export type HabitName = keyof typeof HABITS;

function inFours(parts: readonly Part[]): Part[] {
  return Array.from({ length: Math.ceil(parts.length / 4) }, (_, at) => {
    const some = parts.slice(at * 4, at * 4 + 4);
    return { text: some.map(({ text }) => text).join(''), entries: some.flatMap(({ entries }) => entries) };
  });
}
