import { describe, expect, it } from '@jest/globals';
import { hashApiKey } from '../config/api-key-hash.js';
import { GatewayConfig } from '../config/config.js';
import { generateApiKey } from './api-key.js';
import { ApiKeyStore } from './api-key.store.js';

const NO_CLAIM = { organization: undefined, project: undefined };

function storeOf(...keys: string[]): ApiKeyStore {
  const apiKeys = keys.map((key, index) => ({ id: `key-${index}`, hash: hashApiKey(key) }));
  return new ApiKeyStore(Object.assign(new GatewayConfig(), { apiKeys }));
}

describe('ApiKeyStore', () => {
  it('finds each key by itself, and by nothing else', () => {
    const keys = Array.from({ length: 100 }, () => generateApiKey(true));
    const store = storeOf(...keys);
    for (const [index, key] of keys.entries()) {
      expect(store.find(key)?.authorize(NO_CLAIM).keyId).toBe(`key-${index}`);
      for (const other of [`${key}x`, key.slice(0, -1), key.toUpperCase(), hashApiKey(key), ` ${key}`]) {
        expect(store.find(other)).toBeUndefined();
      }
    }
  });

  it('knows nobody when no key is configured', () => {
    for (const key of ['', 'undefined', '__proto__', 'constructor']) expect(storeOf().find(key)).toBeUndefined();
  });
});

describe('generateApiKey', () => {
  it("makes 256 random bits behind DeepFellow's prefixes", () => {
    expect(generateApiKey(true)).toMatch(/^dfproj_[\w-]{43}$/);
    expect(generateApiKey(false)).toMatch(/^dforg_[\w-]{43}$/);
    expect(new Set(Array.from({ length: 1000 }, () => generateApiKey(false))).size).toBe(1000);
  });
});
