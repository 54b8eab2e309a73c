/** A number in [0, 1), injected, so that tests can choose it. */
export type Random = () => number;

/** The token to inject a `Random` by. */
export const RANDOM = Symbol('random');
