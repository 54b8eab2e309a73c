/** Resolves when a value has stayed the same for 500 turns of the event loop: nothing more arrives. */
export async function settled(valueOf: () => number): Promise<void> {
  for (let turns = 0, last = valueOf(); turns < 500; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (valueOf() !== last) turns = 0;
    last = valueOf();
  }
}
