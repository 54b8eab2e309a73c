import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { bannerOf } from './banner.js';
import { stopListening } from '../http/stop-listening.js';
import type { ConfigFile } from '../config/config-file.js';
import type { GatewayConfig } from '../config/config.js';
import { ConfigReload, takeConfig } from './config-reload.js';
import { createApp } from './create-app.js';
import { ShutdownState } from '../health/shutdown.js';
import { listeningUrl } from '../http/listening-url.js';
import { OpenConnections } from '../http/open-connections.js';
import type { Service, Shutdown } from './shut-down.js';
import { systemClock } from '../common/clock.js';
import type { FirstKeys } from '../admin/first-keys.js';
import type { Logger } from '../observability/logger.js';
import type { Storage } from '../storage/storage.js';
import { Metrics } from '../observability/metrics.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';

/** What is prepared before the gateway starts. */
export interface Prepared {
  config: GatewayConfig;
  temporaryKey: string | undefined;
  /** Those of a new database. */
  firstKeys: FirstKeys | undefined;
  storage: Storage | undefined;
  configFile: ConfigFile;
  /** Reads the configuration again. */
  load: () => GatewayConfig;
  shutdown: Shutdown;
  logger: Logger;
}

/** The whole gateway in this process. */
export async function runAlone(prepared: Prepared): Promise<void> {
  const { config, temporaryKey, firstKeys, configFile, load, shutdown, logger, storage } = prepared;
  const app = await createApp({ config, logger, clock: systemClock, storage });
  shutdown.attach(serviceOf(app, config, storage), logger);
  const { host, port } = config.server;
  await app.listen(port, host);
  shutdown.started();
  const url = listeningUrl(app.getHttpServer().address() as AddressInfo);
  logger.info({ url }, 'listening');
  const take = (next: GatewayConfig): GatewayConfig => {
    takeConfig(app, next);
    return config;
  };
  const reload = new ConfigReload(() => config, load, take, app.get(Metrics).configReloads, logger);
  configFile.watch((reason) => reload.run(reason));
  const { upstreams } = app.get(UpstreamRegistry);
  process.stderr.write(bannerOf({ url, config, upstreams, temporaryKey, firstKeys }));
}

function serviceOf(app: NestExpressApplication, config: GatewayConfig, storage: Storage | undefined): Service {
  const server = app.getHttpServer();
  const connections = new OpenConnections(server, systemClock);
  return {
    endLimits: () => config.server,
    announceEnd: () => {
      app.get(ShutdownState).isAnnounced = true;
    },
    drain: async (limitMs) => {
      await stopListening(server);
      await connections.drain(limitMs);
    },
    close: async () => {
      await app.close();
      await storage?.close();
    },
  };
}
