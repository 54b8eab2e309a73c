import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import type { Clock, Timer } from '../common/clock.js';
import type { JwtConfig } from '../config/config.js';
import type { Logger } from '../observability/logger.js';

/** Between two fetches in the background. */
const REFRESH_MS = 300_000;

/** Between two fetches for tokens with unknown keys, and after a failure. */
const COOLDOWN_MS = 30_000;

const FETCH_TIMEOUT_MS = 5_000;

/** The signing keys of the issuer. The last set stays in use while the issuer is down. */
export class Jwks {
  private keys: JWTVerifyGetKey | undefined;
  private fetching: Promise<void> | undefined;
  private fetchedAt = -Infinity;
  private timer: Timer | undefined;
  private isDown = false;

  constructor(
    private readonly config: Pick<JwtConfig, 'issuer' | 'jwksUrl'>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Undefined until the first fetch succeeds. */
  get current(): JWTVerifyGetKey | undefined {
    return this.keys;
  }

  /** For a token that is signed with an unknown key. @returns whether the set was fetched. */
  async refreshForUnknownKey(): Promise<boolean> {
    if (this.keys && this.clock.now() - this.fetchedAt < COOLDOWN_MS) return false;
    await this.refresh();
    return true;
  }

  async refresh(): Promise<void> {
    this.fetching ??= this.fetch().finally(() => (this.fetching = undefined));
    await this.fetching;
  }

  close(): void {
    this.timer?.cancel();
  }

  private async fetch(): Promise<void> {
    this.timer?.cancel();
    this.fetchedAt = this.clock.now();
    try {
      const { createLocalJWKSet } = await import('jose');
      this.keys = createLocalJWKSet((await getJson(await this.url())) as JSONWebKeySet);
      if (this.isDown) this.logger.info('the token issuer answers again');
      this.isDown = false;
    } catch (err) {
      if (!this.isDown) this.logger.error({ err }, 'the keys of the token issuer cannot be fetched');
      this.isDown = true;
    }
    this.timer = this.clock.timer(this.isDown ? COOLDOWN_MS : REFRESH_MS, () => void this.refresh());
  }

  private async url(): Promise<string> {
    const { issuer = '', jwksUrl } = this.config;
    if (jwksUrl !== undefined) return jwksUrl;
    // OpenID Connect Discovery 1.0, section 4.
    const document = await getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const { issuer: named, jwks_uri: url } = document as { issuer?: unknown; jwks_uri?: unknown };
    if (named !== issuer) throw new Error(`the discovery document is that of ${String(named)}, and not of ${issuer}`);
    if (typeof url !== 'string') throw new Error('the discovery document has no jwks_uri');
    return url;
  }
}

async function getJson(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: 'error' });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}
