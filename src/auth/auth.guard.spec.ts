import { describe, expect, it } from '@jest/globals';
import { type ExecutionContext, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GatewayConfig } from '../config/config.js';
import { ConfiguredKeys } from './configured-keys.js';
import { ACCESS } from './auth.decorators.js';
import { AuthGuard } from './auth.guard.js';

class Shared {
  read(): string {
    return 'read';
  }
}

@SetMetadata(ACCESS, 'public')
class Open extends Shared {}

class Closed extends Shared {}

function contextOf(controller: new () => Shared): ExecutionContext {
  const request = { headers: {} };
  return {
    getHandler: () => (controller.prototype as object as Record<string, unknown>).read,
    getClass: () => controller,
    switchToHttp: () => ({ getRequest: () => request }),
  } as unknown as ExecutionContext;
}

describe('AuthGuard', () => {
  it('judges a method that a public and another controller inherit for each of them', () => {
    const guard = new AuthGuard(new Reflector(), [new ConfiguredKeys(new GatewayConfig())]);
    expect(guard.canActivate(contextOf(Open))).toBe(true);
    expect(() => guard.canActivate(contextOf(Closed))).toThrow('Authorization: Bearer');
  });
});
