import { type DynamicModule, Global, Module } from '@nestjs/common';
import { GatewayConfig } from './config.js';

/** Gives the validated configuration to whoever injects `GatewayConfig`. */
@Global()
@Module({})
export class ConfigModule {
  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: ConfigModule,
      providers: [{ provide: GatewayConfig, useValue: config }],
      exports: [GatewayConfig],
    };
  }
}
