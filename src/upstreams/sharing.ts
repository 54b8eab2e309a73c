import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { UpstreamConfig } from '../config/config.js';
import { OwnPlaces, type Places } from './places.js';

/** What this process shares with others that serve the same configuration. */
export interface Sharing {
  /** Whether the embedded engine, where there is one, is this process's own child. */
  readonly startsEngine: boolean;
  placesOf(upstream: UpstreamConfig): Places;
  /** Calls `listener` each time that something new is known of the places. */
  onPlaces(listener: () => void): void;
}

/** The token to inject the `Sharing` by. */
export const SHARING = Symbol('sharing');

/** One process, which shares nothing. */
export const alone: Sharing = {
  startsEngine: true,
  placesOf: ({ maxConcurrency }) => new OwnPlaces(maxConcurrency),
  onPlaces: () => undefined,
};

/** Gives the `Sharing` to whoever injects it. */
@Global()
@Module({})
export class SharingModule {
  static forRoot(sharing: Sharing): DynamicModule {
    return { module: SharingModule, providers: [{ provide: SHARING, useValue: sharing }], exports: [SHARING] };
  }
}
