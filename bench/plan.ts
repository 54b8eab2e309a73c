/** How long and how much one round measures. */
export interface Plan {
  /**
   * Until V8 has compiled the hot code, and requests no longer grow its heap. After 4 s the compiler still took a tenth of
   * the gateway's CPU.
   */
  warmUpMs: number;
  /** The same before streams are measured: they run other code. */
  warmUpStreamsMs: number;
  jsonMs: number;
  /** For one process, and again for two. */
  twoCoresMs: number;
  lowLoadMs: number;
  pacedMs: number;
  unpacedMs: number;
  /** Numbers of streams that are open while memory is measured. */
  heldStreams: readonly number[];
  /** How long all of them are open. */
  heldMs: number;
  models: { json: string; short: string; paced: string; unpaced: string; held: ReadonlyMap<number, string> };
}

export const JSON_CONNECTIONS = 64;
export const LOW_LOAD_CONNECTIONS = 8;
/** About a third of what the slowest contender can do: no latency is to come from a queue. */
export const LOW_LOAD_RATE = 400;
export const PACED_STREAMS = 100;
export const UNPACED_STREAMS = 16;
/** For each process: a third of what one can do, since the load generator shares the second core. */
export const TWO_CORES_RATE = 1_500;
/** How often one process and two are measured in turn, so that changes in the machine's speed affect both. */
export const TWO_CORES_TURNS = 8;
/** 100 streams start 21 ms apart, a little more than the interval: their events are spread over it. */
export const PACED_RAMP_MS = 2_100;
const PACED_INTERVAL_MS = 20;
const HELD_INTERVAL_MS = 1_000;
/** Slow enough that no contender's backlog of connections fills up. */
const HELD_STARTS_PER_SECOND = 500;

export function planOf(isQuick: boolean): Plan {
  const heldStreams = [100, 1_000, 4_000];
  const heldMs = isQuick ? 2_000 : 4_000;
  const eventsOf = (streams: number) => 1 + (rampMsOf(streams) + heldMs) / HELD_INTERVAL_MS;
  return {
    warmUpMs: isQuick ? 3_000 : 8_000,
    warmUpStreamsMs: isQuick ? 1_000 : 3_000,
    jsonMs: isQuick ? 1_500 : 4_000,
    twoCoresMs: isQuick ? 500 : 1_500,
    lowLoadMs: isQuick ? 1_500 : 5_000,
    pacedMs: isQuick ? 2_500 : 6_000,
    unpacedMs: isQuick ? 1_000 : 4_000,
    heldStreams,
    heldMs,
    models: {
      json: 'bench-json',
      // The name tells the fake upstream how to stream.
      short: `bench-paced-${PACED_INTERVAL_MS}-20`,
      paced: `bench-paced-${PACED_INTERVAL_MS}-100`,
      unpaced: 'bench-unpaced-6400',
      held: new Map(heldStreams.map((count) => [count, `bench-paced-${HELD_INTERVAL_MS}-${eventsOf(count)}`])),
    },
  };
}

/** The time over which streams start, so that their number is measured and not a rush of starts. */
export function rampMsOf(streams: number): number {
  return Math.max(1_000, (streams / HELD_STARTS_PER_SECOND) * 1_000);
}

export function modelNamesOf({ models }: Plan): string[] {
  return [...new Set([models.json, models.short, models.paced, models.unpaced, ...models.held.values()])];
}
