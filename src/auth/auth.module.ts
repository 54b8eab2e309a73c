import { Module } from '@nestjs/common';
import { ApiKeyStore } from './api-key.store.js';

@Module({ providers: [ApiKeyStore], exports: [ApiKeyStore] })
export class AuthModule {}
