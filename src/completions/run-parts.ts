import { Cancellation } from '../common/cancellation.js';
import type { Reservation } from '../routing/reservation.js';

/**
 * Sends the parts of one request to one upstream, one after the other in the slot that the attempt holds, and at the same time
 * in as many further slots as `fanOut` allows and the upstream has.
 *
 * @throws the error of the first part that fails: the others are aborted at once, since the answer is incomplete.
 */
export function runParts<Part>(
  parts: readonly Part[],
  reservation: Reservation,
  cancellation: Cancellation,
  run: (part: Part, cancellation: Cancellation) => Promise<void>,
): Promise<void> {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return run(only, cancellation);
  return runSeveral(parts, reservation, cancellation, run);
}

async function runSeveral<Part>(
  parts: readonly Part[],
  reservation: Reservation,
  cancellation: Cancellation,
  run: (part: Part, cancellation: Cancellation) => Promise<void>,
): Promise<void> {
  const siblings = new Cancellation();
  const listener = { onCancel: (reason: Error) => siblings.cancel(reason) };
  cancellation.add(listener);
  const left = parts.values();
  const runLeft = async (): Promise<void> => {
    for (const part of left) {
      if (siblings.isCancelled) return;
      await run(part, siblings);
    }
  };
  const furtherCount = Math.min(parts.length, reservation.candidate.upstream.config.fanOut) - 1;
  const further = Array.from({ length: furtherCount }, () => reservation.inFurtherSlot(runLeft));
  const guarded = [runLeft(), ...further].map((each) =>
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
