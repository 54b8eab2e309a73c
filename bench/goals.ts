import { CONTENDER_NAMES, type FigureName, type Run } from './figures.ts';
import { markdown, number } from './table.ts';

interface Goal {
  figure: string;
  goal: string;
  /** The measured value; undefined if the run lacks it. */
  measure: (run: Run) => number | undefined;
  limit: number;
  /** More is better. */
  isAtLeast?: boolean;
  write: (value: number) => string;
}

const times = (value: number) => `${number(value, 2)} ×`;
const milliseconds = (value: number) => `${number(value, 2)} ms`;

function own(figure: FigureName): (run: Run) => number | undefined {
  return (run) => medianOf(run, 'gateway', figure);
}

/** This gateway's figure divided by the other's, in the same run. */
function ratioTo(other: 'nginx' | 'portkey', figure: FigureName): (run: Run) => number | undefined {
  return (run) => {
    const mine = medianOf(run, 'gateway', figure);
    const theirs = medianOf(run, other, figure);
    return mine === undefined || theirs === undefined ? undefined : mine / theirs;
  };
}

function medianOf(run: Run, contender: keyof typeof CONTENDER_NAMES, figure: FigureName): number | undefined {
  return run.contenders[CONTENDER_NAMES[contender]]?.[figure]?.median;
}

export const GOALS: readonly Goal[] = [
  {
    figure: 'CPU a request, JSON',
    goal: '≤ 6 × nginx',
    measure: ratioTo('nginx', 'cpuUsPerRequest'),
    limit: 6,
    write: times,
  },
  {
    figure: 'the same beside Portkey on the same Node',
    goal: '≤ 0.10 × Portkey',
    measure: ratioTo('portkey', 'cpuUsPerRequest'),
    limit: 0.1,
    write: times,
  },
  {
    figure: 'CPU a streamed chunk, paced',
    goal: '≤ 2 × nginx',
    measure: ratioTo('nginx', 'cpuUsPerPacedChunk'),
    limit: 2,
    write: times,
  },
  { figure: 'added latency p50', goal: '≤ 0.25 ms', measure: own('addedP50Ms'), limit: 0.25, write: milliseconds },
  { figure: 'added latency p99', goal: '≤ 1 ms', measure: own('addedP99Ms'), limit: 1, write: milliseconds },
  {
    figure: 'added time to first chunk p50',
    goal: '≤ 0.5 ms',
    measure: own('addedFirstChunkP50Ms'),
    limit: 0.5,
    write: milliseconds,
  },
  {
    figure: 'memory of each of 4,000 open streams',
    goal: '≤ 20 KB',
    measure: own('kilobytes4000'),
    limit: 20,
    write: (value) => `${number(value, 1)} KB`,
  },
  { figure: 'errors', goal: 'none', measure: own('errors'), limit: 0, write: (value) => number(value, 0) },
  {
    figure: 'added inter-chunk delay p99 with 4,000 open',
    goal: '≤ 5 ms',
    measure: own('addedHeldGapP99Ms'),
    limit: 5,
    write: milliseconds,
  },
  {
    figure: 'start to first answer',
    goal: '≤ 1,000 ms',
    measure: own('startMs'),
    limit: 1_000,
    write: (value) => `${number(value, 0)} ms`,
  },
  {
    figure: 'requests of two cores, beside one',
    goal: '≥ 1.8 ×',
    measure: own('twoCoresTimes'),
    limit: 1.8,
    isAtLeast: true,
    write: times,
  },
];

/** The goals beside what the runs measured. Missed goals are marked. */
export function goalTable(runs: ReadonlyMap<number, Run>): string {
  const head = ['figure', 'goal', ...[...runs.keys()].map((number) => `run ${number}`)];
  const rows = GOALS.map(({ figure, goal, measure, limit, isAtLeast = false, write }) => [
    figure,
    goal,
    ...[...runs.values()].map((run) => {
      const value = measure(run);
      if (value === undefined) return '–';
      return (isAtLeast ? value >= limit : value <= limit) ? write(value) : `${write(value)}, **missed**`;
    }),
  ]);
  return markdown([head, head.map(() => '---'), ...rows]);
}
