import type { Caller } from './caller.js';

/** Whom the client says that it acts for, in `OpenAI-Organization` and `OpenAI-Project`. */
export interface ClaimedTenant {
  organization: string | undefined;
  project: string | undefined;
}

/** Turns a bearer token into a caller. */
export interface Authenticator {
  /**
   * Sync where it knows without asking anybody.
   *
   * @returns undefined: not one of mine, ask the next.
   * @throws {ApiError} 401 for one of mine that is not good, 503 when that cannot be told now.
   */
  authenticate(bearer: string, claimed: ClaimedTenant): Caller | undefined | Promise<Caller | undefined>;
}

/** The list of authenticators, in the order in which they are asked. */
export const AUTHENTICATORS = Symbol('authenticators');
