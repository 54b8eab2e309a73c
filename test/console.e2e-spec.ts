import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser, OPEN_TIMEOUT_MS } from './support/browser.js';
import { ConsolePage } from './support/console-page.js';
import { until } from './support/wait.js';

describeInBrowser('the console in a browser', (open) => {
  let opened: ConsolePage;
  let page: Page;

  beforeAll(async () => {
    opened = await ConsolePage.open(open);
    ({ page } = opened);
  }, OPEN_TIMEOUT_MS);

  afterAll(() => opened.close());

  it('refuses a wrong key, and says why', async () => {
    await page.getByLabel('Admin key').fill('dfadmin_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toBe('The API key is not valid.');
    expect(await page.getByRole('heading', { name: 'Projects' }).isVisible()).toBe(false);
    // The browser reports each 401.
    opened.complaints.length = 0;
  });

  it('shows the projects and their keys', async () => {
    await opened.signIn();
    await page.getByRole('link', { name: 'Keys' }).click();
    await page.getByRole('heading', { name: 'default' }).waitFor();
    await page.getByRole('row', { name: /first dfproj_…/ }).waitFor();
    await page.getByLabel('Name of the new project').fill('search');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { name: 'search' }).waitFor();
    await opened.look('console-light-1280');
  });

  it('creates a key, which is shown once, copied, used, revoked and refused', async () => {
    await page.getByLabel('Name of the new key').fill('laptop');
    await page.getByLabel('Expires').selectOption('expires in a day');
    await page.getByRole('button', { name: 'Create key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Copy' }).click();
    await dialog.getByRole('button', { name: 'Copied' }).waitFor();
    await opened.look('console-new-key');
    const key = await page.evaluate('navigator.clipboard.readText()');
    expect(key).toMatch(/^dfproj_[\w-]{43}$/);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await until('the value to be gone', async () => (await page.locator('#value').textContent()) === '');
    expect(await page.content()).not.toContain(key);
    expect(await opened.complete(String(key))).toBe(200);

    const row = page.getByRole('row', { name: /^laptop/ });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await opened.complete(String(key))).toBe(401);
    await page.getByRole('cell', { name: 'api_key.deleted' }).waitFor();
  });

  it('limits the models of a project', async () => {
    await page.getByLabel('only these').check();
    await page.getByLabel('Names, one per line').fill('one\ntwo');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: 'project.updated' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'search' }).click();
    await page.getByRole('heading', { name: 'search' }).waitFor();
    const names = page.getByLabel('Names, one per line');
    await until('the names', async () => (await names.inputValue()) === 'one\ntwo');
    // A project without such a list answers 404, which the browser reports.
    opened.complaints.length = 0;
  });

  it('works with the keyboard alone, and fits a narrow screen, also a dark one', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 400, height: 800 });
    await opened.look('console-dark-400');
    expect(await opened.overflow()).toBe(0);
    await page.getByLabel('Name of the new key').focus();
    await page.keyboard.type('by keyboard');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('row', { name: /^by keyboard/ }).waitFor();
  });

  it('forgets the key on sign-out, and has sent no request elsewhere', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0);
    expect(opened.complaints).toEqual([]);
  });
});
