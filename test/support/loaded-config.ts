import { afterAll } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayConfig } from '../../src/config/config.js';
import { ConfigError, type Environment, loadConfig } from '../../src/config/load-config.js';

const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
afterAll(() => rmSync(folder, { recursive: true }));

export const CONFIG_FILE = join(folder, 'gateway.yaml');

/** The configuration that a file with this text, and the environment, make. */
export function load(yaml: string, env: Environment = {}): GatewayConfig {
  writeFileSync(CONFIG_FILE, yaml);
  return loadConfig({ GATEWAY_CONFIG: CONFIG_FILE, ...env });
}

/** What the `ConfigError` lists that `action` throws. */
export function problemsOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('the configuration was taken');
}
