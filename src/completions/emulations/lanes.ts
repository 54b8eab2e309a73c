import type { Candidate } from '../../routing/candidate.js';
import { Cancellation } from '../../common/cancellation.js';

/**
 * Runs the parts of one request on one upstream, some of them at the same time. The caller of this holds a place there
 * already; each further lane takes one of its own, and where there is none there is no further lane.
 *
 * @throws the error of the first part that fails: the others are aborted at once, since a part of an answer is none.
 */
export function runInLanes<Item>(
  items: readonly Item[],
  candidate: Candidate,
  cancellation: Cancellation,
  run: (item: Item, cancellation: Cancellation) => Promise<void>,
): Promise<void> {
  const [only] = items;
  if (only !== undefined && items.length === 1) return run(only, cancellation);
  return runInSeveralLanes(items, candidate, cancellation, run);
}

async function runInSeveralLanes<Item>(
  items: readonly Item[],
  candidate: Candidate,
  cancellation: Cancellation,
  run: (item: Item, cancellation: Cancellation) => Promise<void>,
): Promise<void> {
  const siblings = new Cancellation();
  const listener = { onCancel: (reason: Error) => siblings.cancel(reason) };
  cancellation.add(listener);
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) {
      if (siblings.isCancelled) return;
      await run(item, siblings);
    }
  };
  const further = Math.min(items.length, candidate.upstream.config.fanOut) - 1;
  const lanes = [lane(), ...Array.from({ length: further }, () => inPlaceOf(candidate, lane))];
  const guarded = lanes.map((each) =>
    each.catch((error: unknown) => {
      siblings.cancel(error as Error);
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(guarded);
  cancellation.delete(listener);
  cancellation.throwIfCancelled();
  siblings.throwIfCancelled();
  const failed = outcomes.find(({ status }) => status === 'rejected');
  if (failed) throw (failed as PromiseRejectedResult).reason;
}

async function inPlaceOf({ upstream, upstreamModel }: Candidate, lane: () => Promise<void>): Promise<void> {
  const { state } = upstream;
  // Another process may have one to give.
  if (state.isAvailable && !state.places.isFree) await state.places.ask();
  if (!state.isHealthy || state.rateLimits.isClosed(upstreamModel) || !state.places.isFree) return;
  const place = state.take(upstreamModel);
  try {
    await lane();
  } finally {
    state.release(place);
  }
}
