/** How long and how much one round measures. */
export interface Plan {
  /**
   * Before anything is measured: until V8 has compiled what is hot, and its heap is as large as it gets by requests. After
   * 4 s the compiler still took a tenth of the gateway's CPU.
   */
  warmUpMs: number;
  /** The same before streams are measured: what they run through, requests do not. */
  warmUpStreamsMs: number;
  jsonMs: number;
  /** For one process, and again for two. */
  twoCoresMs: number;
  lowLoadMs: number;
  pacedMs: number;
  unpacedMs: number;
  /** Streams that are open at the same time while memory is measured. */
  heldStreams: readonly number[];
  /** How long all of them are open. */
  heldMs: number;
  models: { json: string; short: string; paced: string; unpaced: string; held: ReadonlyMap<number, string> };
}

export const JSON_CONNECTIONS = 64;
export const LOW_LOAD_CONNECTIONS = 8;
/** Some third of what the slowest contender can do: added latency is not to be a queue's. */
export const LOW_LOAD_RATE = 400;
export const PACED_STREAMS = 100;
export const UNPACED_STREAMS = 16;
/** For each process: a third of what one can do, since the load needs its part of the second core. */
export const TWO_CORES_RATE = 1_500;
/** One process and two are measured so often, in turn: what the machine has besides to do meets both. */
export const TWO_CORES_TURNS = 8;
/** A little more than a multiple of the interval for each stream: their events are spread over the interval. */
export const PACED_RAMP_MS = 2_100;
const PACED_INTERVAL_MS = 20;
const HELD_INTERVAL_MS = 1_000;
/** Slow enough for every contender: a rush would fill the queue of connections that wait to be accepted. */
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
      // The fake upstream reads how to stream from the name.
      short: `bench-paced-${PACED_INTERVAL_MS}-20`,
      paced: `bench-paced-${PACED_INTERVAL_MS}-100`,
      unpaced: 'bench-unpaced-6400',
      held: new Map(heldStreams.map((count) => [count, `bench-paced-${HELD_INTERVAL_MS}-${eventsOf(count)}`])),
    },
  };
}

/** The streams start over this time, so that it is their number that is measured and not their rush. */
export function rampMsOf(streams: number): number {
  return Math.max(1_000, (streams / HELD_STARTS_PER_SECOND) * 1_000);
}

export function modelNamesOf({ models }: Plan): string[] {
  return [...new Set([models.json, models.short, models.paced, models.unpaced, ...models.held.values()])];
}
