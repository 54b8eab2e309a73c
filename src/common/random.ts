/** A number from 0 up to but not including 1, injected, so that a test can choose it. */
export type Random = () => number;

/** The token to inject a `Random` by. */
export const RANDOM = Symbol('random');
