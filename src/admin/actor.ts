import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { type Caller, callerOf } from '../auth/caller.js';

/** The administrator that calls, and from where. */
export interface Actor {
  keyId: string;
  ip: string | null;
  /** The organization to administer; undefined for an administrator of the gateway who names none. */
  organization: string | undefined;
  isInstanceAdmin: boolean;
}

export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const request = context.switchToHttp().getRequest<Request>();
  return actorOf(callerOf(request), request.socket.remoteAddress ?? null);
});

function actorOf({ keyId, organization, isAdmin }: Caller, ip: string | null): Actor {
  return { keyId, ip, organization, isInstanceAdmin: isAdmin };
}
