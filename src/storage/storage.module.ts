import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type Storage, STORAGE } from './storage.js';

/** Gives the storage to whoever injects it; undefined where the gateway has no database. */
@Global()
@Module({})
export class StorageModule {
  static forRoot(storage: Storage | undefined): DynamicModule {
    return {
      module: StorageModule,
      providers: [{ provide: STORAGE, useValue: storage }],
      exports: [STORAGE],
    };
  }
}
