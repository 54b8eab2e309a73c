import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { UpstreamConfig } from '../config/config.js';
import { maxConcurrencyOf } from '../engines/engine-profiles.js';
import { OwnSlots, type Slots } from './slots.js';

/** What this process shares with others that serve the same configuration. */
export interface Sharing {
  /** Whether the embedded engine, where there is one, is this process's own child. */
  readonly startsEngine: boolean;
  /** `configured` is the name that the upstream has in the configuration: one of discovery stands for several. */
  slotsOf(upstream: UpstreamConfig, configured: string): Slots;
}

/** The token to inject the `Sharing` by. */
export const SHARING = Symbol('sharing');

/** One process, which shares nothing. */
export const alone: Sharing = {
  startsEngine: true,
  slotsOf: (upstream) => new OwnSlots(maxConcurrencyOf(upstream)),
};

/** Gives the `Sharing` to whoever injects it. */
@Global()
@Module({})
export class SharingModule {
  static forRoot(sharing: Sharing): DynamicModule {
    return { module: SharingModule, providers: [{ provide: SHARING, useValue: sharing }], exports: [SHARING] };
  }
}
