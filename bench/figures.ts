import type { Summary } from './statistics.ts';

/** Every figure, in the order of the tables. Group `harness` is that of the harness itself, without a contender. */
export const FIGURES = {
  cpuUsPerRequest: { group: 'json', label: 'CPU µs a request', digits: 1 },
  requestsPerSecond: { group: 'json', label: 'requests/s', digits: 0 },
  twoCoresTimes: { group: 'json', label: 'two cores, × one', digits: 2 },
  addedP50Ms: { group: 'json', label: 'added latency p50, ms', digits: 2 },
  addedP99Ms: { group: 'json', label: 'added latency p99, ms', digits: 2 },
  cpuUsPerPacedChunk: { group: 'streams', label: 'CPU µs a chunk, paced', digits: 1 },
  addedFirstChunkP50Ms: { group: 'streams', label: 'added time to first chunk p50, ms', digits: 2 },
  addedGapP50Ms: { group: 'streams', label: 'added inter-chunk delay p50, ms', digits: 2 },
  addedGapP99Ms: { group: 'streams', label: 'added inter-chunk delay p99, ms', digits: 2 },
  unpacedChunksPerSecond: { group: 'streams', label: 'chunks/s, unpaced', digits: 0 },
  cpuUsPerUnpacedChunk: { group: 'streams', label: 'CPU µs a chunk, unpaced', digits: 2 },
  startMs: { group: 'held', label: 'start to first answer, ms', digits: 0 },
  kilobytes100: { group: 'held', label: 'KB a stream, 100 open', digits: 1 },
  kilobytes1000: { group: 'held', label: 'KB a stream, 1,000 open', digits: 1 },
  kilobytes4000: { group: 'held', label: 'KB a stream, 4,000 open', digits: 1 },
  addedHeldGapP99Ms: { group: 'held', label: 'added inter-chunk delay p99 with 4,000 open, ms', digits: 2 },
  errors: { group: 'held', label: 'errors, all phases', digits: 0 },
  directRequestsPerSecond: { group: 'harness', label: 'requests/s', digits: 0 },
  directP50Ms: { group: 'harness', label: 'latency p50, ms', digits: 2 },
  directP99Ms: { group: 'harness', label: 'latency p99, ms', digits: 2 },
  directFirstChunkP50Ms: { group: 'harness', label: 'first chunk p50, ms', digits: 2 },
  directGapP99Ms: { group: 'harness', label: 'inter-chunk delay p99, ms', digits: 2 },
  directChunksPerSecond: { group: 'harness', label: 'chunks/s, unpaced', digits: 0 },
} as const;

export type FigureName = keyof typeof FIGURES;
export type Group = (typeof FIGURES)[FigureName]['group'];

/** The figures of one contender in one round. Null: could not be measured. */
export type Round = Partial<Record<FigureName, number | null>>;

export type Summaries = Partial<Record<FigureName, Summary | null>>;

/** The result of one run of the bench, as it is stored. */
export interface Run {
  /** Lines about the machine and the versions; nothing that identifies the machine. */
  machine: string[];
  rounds: number;
  isQuick: boolean;
  /** By contender, in the order of the tables. */
  contenders: Record<string, Summaries>;
}

export const CONTENDER_NAMES = {
  direct: 'direct',
  nginx: 'nginx',
  gateway: 'this gateway',
  naive: 'naive Nest gateway',
  portkey: 'Portkey',
} as const;

export const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];

export function figuresOf(group: Group): FigureName[] {
  return FIGURE_NAMES.filter((name) => FIGURES[name].group === group);
}
