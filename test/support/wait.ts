/** Long enough for a busy machine, and shorter than the limit of a test, which would not say what is missing. */
const LIMIT_MS = 25_000;

function gaveUp(what: string): Error {
  return new Error(`waited ${LIMIT_MS / 1000} s for ${what}`);
}

/**
 * Resolves when `isSo`, which is checked in each turn of the event loop; `step` is called between two checks.
 *
 * @throws {Error} that names `what`, when it takes too long.
 */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  step: () => void = () => undefined,
): Promise<void> {
  const giveUpAt = Date.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (Date.now() > giveUpAt) throw gaveUp(what);
    step();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * What `promise` resolves with.
 *
 * @throws {Error} that names `what`, when it takes too long.
 */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const { promise: limit, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(gaveUp(what)), LIMIT_MS);
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
