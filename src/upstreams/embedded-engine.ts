import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UpstreamConfig } from '../config/config.js';
import { EMBEDDED_MODEL } from '../contract/completion-examples.js';
import type { Cancellation } from '../common/cancellation.js';
import type { Clock } from '../common/clock.js';
import type { Logger } from '../observability/logger.js';
import { RestartDelay } from '../common/restart-delay.js';
import type { ConfiguredProfile } from '../engines/engine-profile.js';
import { profileOf } from '../engines/engine-profiles.js';
import { FimTemplates } from './fim-templates.js';
import { HttpUpstream } from './http-upstream.js';
import { ServedModels } from './served-models.js';
import { UpstreamState } from './upstream-state.js';
import type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstream.js';
import { UpstreamError } from './upstream-error.js';

/** Where the engine listens, and the secret that it requires, which other users of this machine do not have. */
export interface EngineAddress {
  port: number;
  token: string;
}

/** The engine's messages to its parent. */
type EngineMessage = { listening: number } | { failed: string };

/** Why the engine did not start, in words for whoever starts the gateway. */
export class EngineStartError extends Error {
  override readonly name = 'EngineStartError';
}

const ENGINE_PROGRAM = fileURLToPath(new URL('../../engine/main.js', import.meta.url));

/**
 * llama.cpp in a child process, as an upstream like any other: a crash of native code ends the child and not the
 * gateway. When the child dies it is started again, later each time.
 */
export class EmbeddedEngine implements Upstream {
  readonly config: UpstreamConfig;
  readonly models: ServedModels;
  readonly fimTemplates: FimTemplates;
  readonly profile: ConfiguredProfile;
  version: string | undefined;
  readonly state: UpstreamState;
  private child: ChildProcess | undefined;
  private http: HttpUpstream | undefined;
  private readonly restartDelay = new RestartDelay();
  private isClosing = false;
  /** For the whole run: a restarted child gets the same. */
  private readonly token = randomBytes(32).toString('base64url');

  constructor(
    private readonly modelPath: string | undefined,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly onMove: (address: EngineAddress | undefined) => void = () => undefined,
  ) {
    const model = modelPath === undefined ? EMBEDDED_MODEL : basename(modelPath, '.gguf');
    const options = { name: 'embedded', engine: 'embedded' } as const;
    this.config = Object.assign(new UpstreamConfig(), options, { models: [model] });
    this.models = new ServedModels(this.config);
    this.fimTemplates = new FimTemplates(this.config);
    this.profile = profileOf(this.config);
    this.state = new UpstreamState(this.config, clock);
  }

  get baseUrl(): string | undefined {
    return this.http?.baseUrl;
  }

  /** @throws {EngineStartError} with a remedy. */
  async start(): Promise<void> {
    const child = fork(ENGINE_PROGRAM, {
      env: {
        ...process.env,
        API_KEYS: undefined,
        ADMIN_API_KEYS: undefined,
        PORT: '0',
        ENGINE_TOKEN: this.token,
        ...(this.modelPath === undefined ? {} : { EMBEDDED_MODEL: this.modelPath }),
      },
      // Ctrl-C goes to the whole process group: the engine must outlive the streams that the gateway still drains.
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.child = child;
    const port = await listeningPortOf(child);
    this.restartDelay.reset();
    this.setAddress({ port, token: this.token });
    child.once('exit', (code, signal) => this.onExit(signal ?? code));
    this.logger.info({ pid: child.pid, port }, 'the embedded engine is ready');
  }

  /** Sets where the engine listens, in this process's child or another's; undefined while it is being restarted. */
  setAddress(address: EngineAddress | undefined): void {
    void this.http?.close('now');
    this.http = undefined;
    if (address) {
      const { port, token } = address;
      const config = Object.assign(this.config, { baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: token });
      this.http = new HttpUpstream(config, this.clock, this.state);
      this.state.probed(true);
    }
    this.onMove(address);
  }

  async send(request: UpstreamRequest, cancellation: Cancellation): Promise<UpstreamAnswer> {
    if (!this.http) throw new UpstreamError('not_sent', 'the embedded engine is being restarted');
    return this.http.send(request, cancellation);
  }

  async close(when: 'now' | 'when_idle'): Promise<void> {
    this.isClosing = true;
    if (when === 'now') this.child?.kill();
    await this.http?.close(when);
    this.child?.kill();
  }

  private onExit(reason: string | number | null): void {
    this.setAddress(undefined);
    if (this.isClosing) return;
    const restartMs = this.restartDelay.next();
    this.logger.error({ reason, restartMs }, 'the embedded engine died; it is started again');
    this.restartAfter(restartMs);
  }

  private restartAfter(delayMs: number): void {
    this.clock.timer(delayMs, () => {
      if (this.isClosing) return;
      this.start().catch((error: unknown) => {
        const restartMs = this.restartDelay.next();
        this.logger.error({ reason: (error as Error).message, restartMs }, 'the embedded engine cannot start');
        this.restartAfter(restartMs);
      });
    });
  }
}

/** @throws {EngineStartError} when the engine ends before it listens. */
function listeningPortOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('message', (message: EngineMessage) => {
    if ('listening' in message) resolve(message.listening);
    else reject(new EngineStartError(message.failed));
  });
  child.once('error', reject);
  child.once('exit', (code, signal) => {
    reject(
      new EngineStartError(`The embedded engine ended with ${signal ?? `exit code ${code}`} before it was ready.`),
    );
  });
  return promise;
}
