import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { hashApiKey } from '../config/api-key-hash.js';
import { type ApiKeyConfig, GatewayConfig } from '../config/config.js';
import { ApiKey } from './api-key.js';

interface Entry {
  hash: Buffer;
  key: ApiKey;
}

/** The configured API keys. It holds their hashes only. */
@Injectable()
export class ApiKeyStore {
  private entries: ReadonlyMap<string, Entry>;

  constructor(config: GatewayConfig) {
    this.entries = toEntries(config.apiKeys);
  }

  /** Takes the keys of a new configuration. Requests that are under way keep what they were let in with. */
  replace(apiKeys: readonly ApiKeyConfig[]): void {
    this.entries = toEntries(apiKeys);
  }

  /**
   * The key whose hash is that of `presented`.
   *
   * The map is asked with a hash, of which a caller cannot choose the first characters, so how long the look-up takes
   * tells nothing of a stored key; the comparison that decides takes the same time wherever two hashes differ.
   */
  find(presented: string): ApiKey | undefined {
    const hash = hashApiKey(presented);
    const entry = this.entries.get(hash);
    return entry && timingSafeEqual(entry.hash, Buffer.from(hash)) ? entry.key : undefined;
  }
}

function toEntries(apiKeys: readonly ApiKeyConfig[]): Map<string, Entry> {
  return new Map(apiKeys.map((each) => [each.hash, { hash: Buffer.from(each.hash), key: new ApiKey(each) }]));
}
