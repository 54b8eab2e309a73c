import { describe, expect, it } from '@jest/globals';
import { hashApiKey } from '../config/api-key-hash.js';
import { GatewayConfig } from '../config/config.js';
import { generateApiKey } from './api-key.js';
import { ConfiguredKeys } from './configured-keys.js';

const NO_CLAIM = { organization: undefined, project: undefined };

function keysOf(...keys: string[]): ConfiguredKeys {
  const apiKeys = keys.map((key, index) => ({ id: `key-${index}`, hash: hashApiKey(key), admin: false }));
  return new ConfiguredKeys(Object.assign(new GatewayConfig(), { apiKeys }));
}

describe('ConfiguredKeys', () => {
  it('know each key by itself, and by nothing else', () => {
    const keys = Array.from({ length: 100 }, () => generateApiKey('dfproj_'));
    const configured = keysOf(...keys);
    for (const [index, key] of keys.entries()) {
      expect(configured.authenticate(key, NO_CLAIM)?.keyId).toBe(`key-${index}`);
      for (const other of [`${key}x`, key.slice(0, -1), key.toUpperCase(), hashApiKey(key), ` ${key}`]) {
        expect(configured.authenticate(other, NO_CLAIM)).toBeUndefined();
      }
    }
  });

  it('know nobody when none is configured', () => {
    for (const key of ['', 'undefined', '__proto__', 'constructor']) {
      expect(keysOf().authenticate(key, NO_CLAIM)).toBeUndefined();
    }
  });
});

describe('generateApiKey', () => {
  it.each(['dfproj_', 'dforg_', 'dfadmin_'] as const)('makes 256 random bits behind %s', (prefix) => {
    expect(generateApiKey(prefix)).toMatch(new RegExp(`^${prefix}[\\w-]{43}$`));
    expect(new Set(Array.from({ length: 1000 }, () => generateApiKey(prefix))).size).toBe(1000);
  });
});
