import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ApiError } from '../errors/api-error.js';

/** How far the end of the process has come. */
@Injectable()
export class ShutdownState {
  /** Readiness says no; requests are still served, until load balancers have noticed. */
  isAnnounced = false;
  /** New requests are refused; those that are under way end. */
  isDraining = false;
}

/** They tell how it stands also while nothing else is served. */
const PROBES = new Set(['/livez', '/readyz', '/health']);

/** Refuses what still comes in over connections that were kept alive. */
export function refuseWhileDraining(
  state: ShutdownState,
): (request: Request, response: Response, next: (error?: Error) => void) => void {
  return (request, response, next) => {
    if (!state.isDraining || PROBES.has(request.path)) {
      next();
      return;
    }
    response.setHeader('Connection', 'close');
    const headers = { 'Retry-After': '1' };
    next(
      new ApiError(503, 'shutting_down', 'The gateway is shutting down. Try again: another one will answer.', {
        headers,
      }),
    );
  };
}
