import { Injectable } from '@nestjs/common';
import { hashApiKey } from '../config/api-key-hash.js';
import { type ApiKeyConfig, GatewayConfig } from '../config/config.js';
import { ApiKey } from './api-key.js';
import type { Authenticator, ClaimedTenant } from './authenticator.js';
import type { Caller } from './caller.js';

/** The API keys of the configuration. It holds their hashes only. */
@Injectable()
export class ConfiguredKeys implements Authenticator {
  private keys: ReadonlyMap<string, ApiKey> = new Map();
  private listed: readonly ApiKeyConfig[] = [];

  constructor(config: GatewayConfig) {
    this.replace(config.apiKeys);
  }

  /** Takes the keys of a new configuration. Requests under way keep the caller they were admitted with. */
  replace(apiKeys: readonly ApiKeyConfig[]): void {
    this.listed = apiKeys;
    this.keys = new Map(apiKeys.map((each) => [each.hash, new ApiKey(each)]));
  }

  get list(): readonly ApiKeyConfig[] {
    return this.listed;
  }

  /** A client cannot choose the characters of a hash, so the timing of the look-up leaks nothing. */
  authenticate(bearer: string, claimed: ClaimedTenant): Caller | undefined {
    // Where all keys are in the database, none is hashed twice.
    return this.keys.size === 0 ? undefined : this.keys.get(hashApiKey(bearer))?.authorize(claimed);
  }
}
