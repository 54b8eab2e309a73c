import { Injectable } from '@nestjs/common';
import { hashApiKey } from '../config/api-key-hash.js';
import { type ApiKeyConfig, GatewayConfig } from '../config/config.js';
import { ApiKey } from './api-key.js';

/** The configured API keys. It holds their hashes only. */
@Injectable()
export class ApiKeyStore {
  private keys: ReadonlyMap<string, ApiKey>;

  constructor(config: GatewayConfig) {
    this.keys = byHash(config.apiKeys);
  }

  /** Takes the keys of a new configuration. Requests that are under way keep what they were let in with. */
  replace(apiKeys: readonly ApiKeyConfig[]): void {
    this.keys = byHash(apiKeys);
  }

  /**
   * The key whose hash is that of `presented`.
   *
   * A caller cannot choose the characters of a hash, so how long the look-up takes tells nothing of a stored key.
   */
  find(presented: string): ApiKey | undefined {
    return this.keys.get(hashApiKey(presented));
  }
}

function byHash(apiKeys: readonly ApiKeyConfig[]): Map<string, ApiKey> {
  return new Map(apiKeys.map((each) => [each.hash, new ApiKey(each)]));
}
