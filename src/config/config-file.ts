import { readFileSync } from 'node:fs';
import { configPath, type Environment } from './load-config.js';

const LOOK_INTERVAL_MS = 1_000;

/**
 * The configuration file, watched for changes from the moment that this is made: what is changed while the gateway
 * starts is not missed.
 *
 * Its text is read again and again, rather than an event waited for: editors replace files and Kubernetes swaps links,
 * and a watch on the file that was there first would miss both.
 */
export class ConfigFile {
  private readonly path: string;
  private known: string | undefined;
  /** What SIGHUP does. One that comes while the gateway starts is remembered. */
  private onHangup = (): void => void (this.isAsked = true);
  private isAsked = false;

  constructor(env: Environment) {
    this.path = configPath(env).path;
    this.known = this.read();
    process.on('SIGHUP', () => this.onHangup());
  }

  /** Calls `onChange` when the text has changed, and on SIGHUP. */
  watch(onChange: (reason: 'change' | 'SIGHUP') => void): void {
    const takeNote = (reason: 'change' | 'SIGHUP'): void => {
      this.known = this.read();
      onChange(reason);
    };
    setInterval(() => {
      if (this.read() !== this.known) takeNote('change');
    }, LOOK_INTERVAL_MS).unref();
    this.onHangup = () => takeNote('SIGHUP');
    if (this.isAsked) this.onHangup();
  }

  /** Undefined while there is none, or it cannot be read: what loads it then says why. */
  private read(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8');
    } catch {
      return undefined;
    }
  }
}
