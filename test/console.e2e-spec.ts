import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { describeInBrowser, type OpenBrowser } from './support/browser.js';
import { FakeUpstream } from './support/fake-upstream.js';
import { GatewayProcess } from './support/gateway-process.js';

/** Unpacking the browser from npm takes 3 s on an idle machine. */
const OPEN_TIMEOUT_MS = 120_000;

describeInBrowser('the console in a browser', (open) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'data-'));
  let upstream: FakeUpstream;
  let gateway: GatewayProcess;
  let url: string;
  let adminKey: string;
  let opened: OpenBrowser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl }];
    gateway = GatewayProcess.spawn({ database: 'embedded', dataDir, upstreams }, { API_KEYS: '' });
    url = await gateway.listening();
    adminKey = /dfadmin_[\w-]{43}/.exec(gateway.banner)?.[0] ?? '';
    opened = await open();
    context = await opened.browser.newContext({ viewport: { width: 1280, height: 900 } });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url });
    page = await context.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) complaints.push(request.url());
    });
    await page.goto(`${url}/console`);
  }, OPEN_TIMEOUT_MS);

  afterAll(async () => {
    await context.close();
    await opened.close();
    gateway.kill('SIGTERM');
    await gateway.ended;
    await upstream.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const look = async (name: string): Promise<void> => {
    // For people: SHOTS=FOLDER npm test -- test/console
    const folder = process.env.SHOTS;
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  };

  const statusFor = async (key: string): Promise<number> => {
    const answer = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'test-model', prompt: 'Hi' }),
    });
    await answer.text();
    return answer.status;
  };

  it('lets nobody in with a wrong key, and says why', async () => {
    await page.getByLabel('Admin key').fill('dfadmin_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toBe('The API key is not valid.');
    expect(await page.getByRole('heading', { name: 'Projects' }).isVisible()).toBe(false);
    // The browser says so of each answer of 401.
    complaints.length = 0;
  });

  it('shows the projects and their keys', async () => {
    await page.getByLabel('Admin key').fill(adminKey);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'default' }).waitFor();
    expect(await page.getByRole('row', { name: /first dfproj_…/ }).count()).toBe(1);
    await page.getByLabel('Name of the new project').fill('search');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { name: 'search' }).waitFor();
    await look('console-light-1280');
  });

  it('makes a key that is shown once, copied, used, revoked and refused', async () => {
    await page.getByLabel('Name of the new key').fill('laptop');
    await page.getByLabel('Expires').selectOption('expires in a day');
    await page.getByRole('button', { name: 'Create key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Copy' }).click();
    await dialog.getByRole('button', { name: 'Copied' }).waitFor();
    await look('console-new-key');
    const key = await page.evaluate('navigator.clipboard.readText()');
    expect(key).toMatch(/^dfproj_[\w-]{43}$/);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.waitForFunction('document.getElementById("value").textContent === ""');
    expect(await page.content()).not.toContain(key);
    expect(await statusFor(String(key))).toBe(200);

    const row = page.getByRole('row', { name: /^laptop/ });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await statusFor(String(key))).toBe(401);
    await page.getByRole('cell', { name: 'api_key.deleted' }).waitFor();
  });

  it('limits the models of a project', async () => {
    await page.getByLabel('only these').check();
    await page.getByLabel('Names, one a line').fill('one\ntwo');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: 'project.updated' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'search' }).click();
    await page.getByRole('heading', { name: 'search' }).waitFor();
    const names = page.getByLabel('Names, one a line');
    await page.waitForFunction('document.getElementById("model-ids").value.includes("two")');
    expect(await names.inputValue()).toBe('one\ntwo');
    // A project without such a list answers 404, which the browser says.
    complaints.length = 0;
  });

  it('is used with the keyboard alone, and fits a narrow screen, also a dark one', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 400, height: 800 });
    await look('console-dark-400');
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(overflow)).toBe(0);
    await page.getByLabel('Name of the new key').focus();
    await page.keyboard.type('by keyboard');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('row', { name: /^by keyboard/ }).waitFor();
  });

  it('forgets the key when somebody signs out, and asked nobody else anything', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0);
    expect(complaints).toEqual([]);
  });
});
