import { watchFile, unwatchFile } from 'node:fs';
import { configPath, type Environment } from './load-config.js';

const WATCH_INTERVAL_MS = 1_000;

/**
 * Calls `onChange` when the configuration file changes, and on SIGHUP.
 *
 * The file's state is asked for again and again, rather than waited for: editors replace files and Kubernetes swaps
 * links, and a watch on the file that was there first would miss both.
 *
 * @returns what ends it.
 */
export function watchConfig(env: Environment, onChange: () => void): () => void {
  const { path } = configPath(env);
  watchFile(path, { interval: WATCH_INTERVAL_MS, persistent: false }, onChange);
  process.on('SIGHUP', onChange);
  return () => {
    unwatchFile(path, onChange);
    process.off('SIGHUP', onChange);
  };
}
