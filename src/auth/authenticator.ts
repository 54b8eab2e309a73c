import type { Caller } from './caller.js';

/** The tenant named in `OpenAI-Organization` and `OpenAI-Project`. */
export interface ClaimedTenant {
  organization: string | undefined;
  project: string | undefined;
}

/** Turns a bearer token into a caller. */
export interface Authenticator {
  /**
   * Synchronous when no I/O is needed.
   *
   * @returns undefined: not one of mine, ask the next.
   * @throws {ApiError} 401 for an invalid credential of this kind, 503 when it cannot be verified now.
   */
  authenticate(bearer: string, claimed: ClaimedTenant): Caller | undefined | Promise<Caller | undefined>;
}

/** The list of authenticators, in the order in which they are asked. */
export const AUTHENTICATORS = Symbol('authenticators');
