import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Engine } from './engine.js';
import { loadModel } from './load-model.js';
import { createEngineServer } from './server.js';
import { readSettings } from './settings.js';

/** Messages to a parent process with an IPC channel. */
export type EngineMessage = { listening: number; model: string } | { failed: string };

try {
  await start();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  if (process.connected) await tellParent({ failed: message });
  else process.stderr.write(`${message}\n`);
  process.exit(1);
}

async function start(): Promise<void> {
  // The system closes the channel when the parent dies, however it dies, maybe before the model is loaded.
  process.once('disconnect', () => process.exit(0));
  const settings = readSettings(process.argv.slice(2), process.env);
  const model = await loadModel({
    path: settings.modelPath,
    sequences: settings.parallelRequests,
    maxContextSize: settings.maxContextSize,
  });
  const server = createEngineServer(new Engine(model, settings.parallelRequests), logError, settings.token);
  server.listen(settings.port, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  process.once('SIGTERM', () => void drain());
  process.once('SIGINT', () => void drain());
  if (process.connected) await tellParent({ listening: port, model: model.name });
  else process.stdout.write(`The engine serves ${model.name} at http://127.0.0.1:${port}/v1/completions\n`);

  /** Refuses new connections and lets requests in flight end. A second signal ends the process at once. */
  async function drain(): Promise<void> {
    server.close();
    await once(server, 'close');
    process.exit(0);
  }
}

function tellParent(message: EngineMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => {
      resolve();
    });
  });
}

function logError(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
