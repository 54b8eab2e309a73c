import type { Request } from 'express';

/** Who calls, authenticated: an API key and whom it acts for. */
export interface Caller {
  keyId: string;
  organization: string | undefined;
  project: string | undefined;
  /** The only models that the key may use; all when undefined. */
  models: ReadonlySet<string> | undefined;
  /** May read the metrics and the state of the upstreams. */
  isAdmin: boolean;
}

/** On the request itself, as the exchange is. */
const CALLER = Symbol('caller');

type Calling = Request & { [CALLER]?: Caller };

export function setCaller(request: Request, caller: Caller): void {
  (request as Calling)[CALLER] = caller;
}

export function findCaller(request: Request): Caller | undefined {
  return (request as Calling)[CALLER];
}

/** @throws {Error} when the route is public, and so has no caller. */
export function callerOf(request: Request): Caller {
  const caller = findCaller(request);
  if (!caller) throw new Error('a public route has no caller');
  return caller;
}

export function mayUse(caller: Caller, model: string): boolean {
  return caller.models?.has(model) ?? true;
}
