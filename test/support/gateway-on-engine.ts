import { EngineProcess } from './engine-process.js';
import { Gateway } from './gateway.js';

/** The gateway in this process, in front of the real engine in its own. */
export class GatewayOnEngine {
  private constructor(
    readonly gateway: Gateway,
    readonly engine: EngineProcess,
  ) {}

  static async start(): Promise<GatewayOnEngine> {
    const engine = await EngineProcess.start();
    const upstreams = [{ name: 'engine', baseUrl: engine.baseUrl, engine: 'embedded', models: ['storyteller'] }];
    return new GatewayOnEngine(await Gateway.start({ upstreams }), engine);
  }

  /** What a client takes for its base URL. */
  get baseUrl(): string {
    return `${this.gateway.url}/v1`;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.engine.stop();
  }
}
