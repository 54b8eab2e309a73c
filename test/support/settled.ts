/** Resolves when a value has stayed the same for many turns of the event loop, in which every socket had its chance. */
export async function settled(valueOf: () => number): Promise<void> {
  for (let turns = 0, last = valueOf(); turns < 500; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (valueOf() !== last) turns = 0;
    last = valueOf();
  }
}
