import { Module } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { GatewayConfig } from '../config/config.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import { type Authenticator, AUTHENTICATORS } from './authenticator.js';
import { ConfiguredKeys } from './configured-keys.js';
import { JwtAuthenticator } from './jwt-authenticator.js';
import { KeyDirectory } from './key-directory.js';

@Module({
  providers: [
    ConfiguredKeys,
    KeyDirectory,
    {
      provide: JwtAuthenticator,
      useFactory: ({ auth }: GatewayConfig, clock: Clock, logger: Logger) =>
        auth.jwt.issuer === undefined ? undefined : new JwtAuthenticator(auth.jwt, clock, logger),
      inject: [GatewayConfig, CLOCK, LOGGER],
    },
    {
      provide: AUTHENTICATORS,
      // The directory answers 503 for unknown keys while it is stale: ask it last.
      useFactory: (
        keys: ConfiguredKeys,
        jwt: JwtAuthenticator | undefined,
        directory: KeyDirectory,
      ): Authenticator[] => (jwt ? [jwt, keys, directory] : [keys, directory]),
      inject: [ConfiguredKeys, JwtAuthenticator, KeyDirectory],
    },
  ],
  exports: [AUTHENTICATORS, ConfiguredKeys, KeyDirectory],
})
export class AuthModule {}
