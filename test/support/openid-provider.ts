import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { listen } from './listen.js';

const CLIENT = 'robot';
const SECRET = 'a-secret-of-the-test';

/** An OpenID provider (oidc-provider 9.13.3) on a real socket, whose access tokens are JWTs. */
export class OpenIdProvider {
  /** Requests for the set of keys. */
  keyRequests = 0;
  isDown = false;
  private provider!: Provider;

  private constructor(
    private readonly server: Server,
    private readonly claims: () => object,
  ) {}

  static async start(claims: () => object): Promise<OpenIdProvider> {
    const server = createServer();
    const openId = new OpenIdProvider(server, claims);
    server.on('request', (request, response) => {
      if (openId.isDown) {
        request.socket.destroy();
        return;
      }
      if (request.url?.startsWith('/jwks')) openId.keyRequests++;
      void openId.provider.callback()(request, response);
    });
    await listen(server);
    await openId.rotate();
    return openId;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Replaces its key. */
  async rotate(): Promise<void> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const key: JWK = { ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: crypto.randomUUID() };
    this.provider = new Provider(this.issuer, {
      jwks: { keys: [key] },
      cookies: { keys: ['a-cookie-key-of-the-test'] },
      clients: [
        {
          client_id: CLIENT,
          client_secret: SECRET,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
        },
      ],
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_: unknown, resource: string) => ({
            scope: '',
            audience: resource.replace('https://', ''),
            accessTokenTTL: 300,
            accessTokenFormat: 'jwt' as const,
            jwt: { sign: { alg: 'RS256' as const } },
          }),
        },
      },
      extraTokenClaims: () => this.claims() as Record<string, never>,
    });
  }

  /** An access token for this audience, from the provider's own endpoint. */
  async token(audience: string): Promise<string> {
    const answer = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${CLIENT}:${SECRET}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: `https://${audience}` }),
    });
    const json = (await answer.json()) as { access_token?: string };
    if (json.access_token === undefined) throw new Error(JSON.stringify(json));
    return json.access_token;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
