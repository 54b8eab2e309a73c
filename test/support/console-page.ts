import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import type { OpenBrowser } from './browser.js';
import { FakeUpstream } from './fake-upstream.js';
import { postCompletion } from './gateway.js';
import { GatewayProcess } from './gateway-process.js';

/** The console of a gateway with an embedded database of its own, in a browser. */
export class ConsolePage {
  /** What the page must not do: errors, and requests to other servers. */
  readonly complaints: string[] = [];

  private constructor(
    readonly url: string,
    readonly page: Page,
    readonly upstream: FakeUpstream,
    private readonly gateway: GatewayProcess,
    private readonly context: BrowserContext,
    private readonly opened: OpenBrowser,
    private readonly dataDir: string,
  ) {}

  static async open(
    open: () => Promise<OpenBrowser>,
    config: object = {},
    upstreamConfig: object = {},
  ): Promise<ConsolePage> {
    const dataDir = mkdtempSync(join(tmpdir(), 'data-'));
    const upstream = await FakeUpstream.start();
    const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl, ...upstreamConfig }];
    const gateway = GatewayProcess.spawn(
      { database: 'embedded', dataDir, upstreams, ...config },
      { API_KEYS: '', ADMIN_API_KEYS: '' },
    );
    const url = await gateway.listening();
    const opened = await open();
    const context = await opened.browser.newContext({ viewport: { width: 1280, height: 900 } });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url });
    const made = new ConsolePage(url, await context.newPage(), upstream, gateway, context, opened, dataDir);
    made.listen();
    await made.page.goto(`${url}/console`);
    return made;
  }

  /** As the first start printed it. */
  get adminKey(): string {
    return /dfadmin_[\w-]{43}/.exec(this.gateway.banner)?.[0] ?? '';
  }

  /** Of the project `default`. */
  get apiKey(): string {
    return /dfproj_[\w-]{43}/.exec(this.gateway.banner)?.[0] ?? '';
  }

  async signIn(key = this.adminKey): Promise<void> {
    await this.page.getByLabel('Admin key').fill(key);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.getByRole('navigation', { name: 'Console' }).getByRole('link').first().waitFor();
  }

  /** For people: SHOTS=FOLDER npm test -- test/console */
  async look(name: string): Promise<void> {
    const folder = process.env.SHOTS;
    if (folder) await this.page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  /** How far the page is wider than the screen. */
  overflow(): Promise<unknown> {
    return this.page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  }

  async complete(key: string, body: object = {}): Promise<number> {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await postCompletion(this.url, { model: 'test-model', prompt: 'Hi', ...body }, { headers });
    await answer.text().catch(() => undefined);
    return answer.status;
  }

  /** The answer to the admin key. */
  async administer<T>(method: string, path: string, body?: object, headers: object = {}): Promise<T> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.adminKey}`, 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    return (await answer.json()) as T;
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.opened.close();
    await this.gateway.stop();
    await this.upstream.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private listen(): void {
    this.page.on('pageerror', ({ message }) => this.complaints.push(message));
    this.page.on('console', (message) => message.type() === 'error' && this.complaints.push(message.text()));
    this.page.on('request', (request) => {
      const isOwn = request.url().startsWith(this.url) || request.url().startsWith('data:');
      if (!isOwn) this.complaints.push(request.url());
    });
  }
}
