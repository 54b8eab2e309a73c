import { once } from 'node:events';
import { EngineProcess } from './engine-process.js';

/** Several real engines, each of which can be killed and comes back on the same port. */
export class EngineFleet {
  private constructor(private readonly engines: EngineProcess[]) {}

  static async start(count: number): Promise<EngineFleet> {
    return new EngineFleet(await Promise.all(Array.from({ length: count }, () => EngineProcess.start())));
  }

  get baseUrls(): string[] {
    return this.engines.map(({ baseUrl }) => baseUrl);
  }

  at(index: number): EngineProcess {
    const engine = this.engines[index];
    if (!engine) throw new Error(`there is no engine ${index}`);
    return engine;
  }

  /** SIGKILL, whatever it is doing. Resolves when the process is gone. */
  async kill(index: number): Promise<void> {
    const { child } = this.at(index);
    const isGone = once(child, 'exit');
    child.kill('SIGKILL');
    await isGone;
  }

  /** Resolves when it listens again. */
  async restart(index: number): Promise<void> {
    this.engines[index] = await EngineProcess.start({ PORT: String(this.at(index).port) });
  }

  async stop(): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.stop()));
  }
}
