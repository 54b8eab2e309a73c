import type { Request } from 'express';

/** An authenticated API key or token, and the tenant that it acts for. */
export interface Caller {
  keyId: string;
  organization: string | undefined;
  project: string | undefined;
  /** The models that it may use; undefined: all. */
  models: ModelAccess | undefined;
  /** May read the metrics and the state of the upstreams, and administer every organization. */
  isAdmin: boolean;
  /** May administer its organization. */
  administers: boolean;
  /** An admin key: it may call the administration API only. */
  isForAdministrationOnly?: true;
}

export interface ModelAccess {
  has(model: string): boolean;
}

/** On the request itself, like the exchange. */
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

export function mayUse(caller: Pick<Caller, 'models'>, model: string): boolean {
  return caller.models?.has(model) ?? true;
}
