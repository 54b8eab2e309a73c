import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { describeInBrowser, OPEN_TIMEOUT_MS } from './support/browser.js';
import { ConsolePage } from './support/console-page.js';
import { breakAfter, chunk, completion, events, hold, replyJson } from './support/fake-upstream.js';
import { ADMIN } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';
import { until } from './support/wait.js';

const PROMPT = 'a secret prompt';

describeInBrowser('usage in the console', (open) => {
  let opened: ConsolePage;
  let page: Page;

  beforeAll(async () => {
    opened = await ConsolePage.open(open, { routing: { maxAttempts: 1 } }, { maxConcurrency: 4 });
    ({ page } = opened);
  }, OPEN_TIMEOUT_MS);

  afterAll(() => opened.close());

  const goTo = (view: string): Promise<void> => page.getByRole('link', { name: view, exact: true }).click();

  const complete = async (body: object): Promise<void> => {
    await opened.complete(opened.apiKey, { prompt: PROMPT, ...body });
  };

  const requestOf = (model: string): Locator => page.getByRole('row', { name: new RegExp(` ${model} `) });

  it('shows requests as they end, with who and how much, and never a prompt', async () => {
    await opened.signIn();
    await goTo('Requests');
    await page.getByText('No requests in the last day.').waitFor();
    opened.upstream.onCompletion(replyJson(completion('Hello')));
    await complete({ model: 'whole' });
    await requestOf('whole').waitFor();
    expect(await requestOf('whole').getByRole('cell').allTextContents()).toEqual([
      expect.stringMatching(/\d:\d\d/),
      'first',
      'whole',
      'fake',
      '200',
      '2 / 3',
      '–',
      expect.stringMatching(/^\d+ ms$/),
    ]);
    opened.upstream.onCompletion(breakAfter(events(chunk(' a'))));
    await complete({ model: 'broken', stream: true });
    opened.upstream.onCompletion(replyJson({ error: { message: 'no' } }, 400));
    await complete({ model: 'refused' });
    await requestOf('refused').waitFor();
    await requestOf('broken')
      .getByText(/^200 \w+/)
      .waitFor();
    await requestOf('broken').getByText(/ ms$/).first().waitFor();
    const models = page.getByRole('table').getByRole('cell', { name: /^(whole|broken|refused)$/ });
    expect(await models.allTextContents()).toEqual(['refused', 'broken', 'whole']);
    await opened.look('console-requests');
    expect(await page.content()).not.toContain(PROMPT);
  });

  it('filters them by key, model, upstream and status', async () => {
    const only = async (filter: string, choice: string, expected: string[]): Promise<void> => {
      await page.getByRole('combobox', { name: filter }).selectOption(choice);
      const models = page.locator('#requests td:nth-child(3)');
      await until(`the requests with ${filter} ${choice}`, async () => {
        return JSON.stringify(await models.allTextContents()) === JSON.stringify(expected);
      });
    };
    await only('Model', 'broken', ['broken']);
    await only('Status', '4xx', []);
    await only('Model', 'all', ['refused']);
    await only('Status', 'errors, broken streams too', ['refused', 'broken']);
    await only('Upstream', 'fake', ['refused', 'broken']);
    await only('Key', 'first', ['refused', 'broken']);
    await only('Status', 'all', ['refused', 'broken', 'whole']);
  });

  it('adds no row while it is paused', async () => {
    await page.getByRole('button', { name: 'Pause' }).press('Enter');
    await page.getByText('paused').waitFor();
    await complete({ model: 'later' });
    await until('the request to be listed', async () => {
      const path = '/v1/organization/usage/requests?models[]=later';
      return (await opened.administer<{ data: unknown[] }>('GET', path)).data.length === 1;
    });
    expect(await requestOf('later').count()).toBe(0);
    const asked = page.waitForResponse(/usage\/requests\?.*start_time=\d+/);
    await page.getByRole('button', { name: 'Pause' }).click();
    await asked;
    await requestOf('later').waitFor();
  });

  it('draws usage over time by model, project and key, and shows it as tables', async () => {
    await goTo('Usage');
    const chart = (title: string): Locator => page.getByRole('figure', { name: title });
    const drawn = (title: string): Locator => chart(title).getByRole('img');
    const saysAll = async (title: string, ...texts: (string | RegExp)[]): Promise<void> => {
      const label = await drawn(title).getAttribute('aria-label');
      for (const text of texts) expect(label).toEqual(expect.stringMatching(text));
    };
    await drawn('Requests').and(page.locator('[aria-label*="whole 1"]')).waitFor();
    await saysAll('Requests', /^Requests by model, the last 24 hours: /, 'broken 1', 'refused 1', 'later 1');
    await saysAll('Errors', 'whole 0', 'broken 1', 'refused 1', 'later 1');
    await saysAll('Mean time to first token', 'whole nothing', /broken \d+ ms/);
    const isDrawn = `document.querySelector('#chart-requests canvas').getContext('2d')
      .getImageData(0, 0, 500, 200).data.some((byte) => byte !== 0)`;
    expect(await page.evaluate(isDrawn)).toBe(true);
    await chart('Tokens').getByText('As a table').press('Enter');
    const lines = chart('Tokens').getByRole('region', { name: 'Tokens' }).getByRole('row');
    await lines.first().waitFor();
    expect(await lines.count()).toBe(1 + 24);
    expect(await lines.first().getByRole('columnheader').allTextContents()).toEqual(
      expect.arrayContaining(['Time', 'whole', 'broken']),
    );
    await opened.look('console-usage');
    const totals = page.getByRole('region', { name: 'Totals' });
    const wholeRow = totals.getByRole('row', { name: /^whole/ });
    expect(await wholeRow.getByRole('cell').allTextContents()).toEqual(['whole', '1', '0', '2', '3', '–']);
    await page.getByRole('combobox', { name: 'By' }).selectOption('Key');
    await totals.getByRole('row', { name: /^first 4 3 / }).waitFor();
    await page.getByRole('combobox', { name: 'By' }).selectOption('Project');
    await totals.getByRole('row', { name: /^default 4 3 / }).waitFor();
    for (const range of ['the last hour', 'the last 7 days', 'the last 30 days']) {
      await page.getByRole('combobox', { name: 'Time' }).selectOption(range);
      await drawn('Requests')
        .and(page.locator(`[aria-label*="${range}: default 4"]`))
        .waitFor();
    }
  });

  it('shows the state of the upstreams to administrators of the gateway', async () => {
    await goTo('Upstreams');
    const fake = page.getByRole('row', { name: /^fake / });
    await fake.getByText('healthy').waitFor();
    expect(await fake.getByRole('cell').allTextContents()).toEqual([
      'fake',
      'healthy',
      '0 of 4',
      '0',
      'openai',
      opened.upstream.baseUrl,
    ]);
    const { behaviour, release } = hold(replyJson(completion('Hello')));
    opened.upstream.onCompletion(behaviour);
    const held = complete({ model: 'held' });
    await fake.getByText('1 of 4').waitFor();
    await opened.administer('POST', '/admin/upstreams/fake/drain');
    await fake.getByText('drained, gets nothing').waitFor();
    await opened.look('console-upstreams');
    release();
    await held;
    await opened.administer('POST', '/admin/upstreams/fake/undrain');
    await fake.getByText('0 of 4').waitFor();
  });

  it('shows the limits in force, and how full they are', async () => {
    await goTo('Limits');
    await page.getByText('No limits are set.').waitFor();
    const { data } = await opened.administer<{ data: [{ id: string }] }>('GET', '/v1/organization/projects');
    const limits = { tokens_per_month: 10, models: { 'wh*': { requests_per_day: 1_000 } } };
    await opened.administer('POST', `/v1/organization/projects/${data[0].id}`, { limits });
    const used = async (limit: RegExp, text: string): Promise<void> => {
      await page.getByRole('row', { name: limit }).getByText(text, { exact: true }).waitFor();
    };
    await used(/^project default tokens a month /, '0 of 10');
    await used(/^project default requests a day of wh\* /, '0 of 1,000');
    opened.upstream.onCompletion(replyJson(completion('Hello')));
    await complete({ model: 'whole', max_tokens: 5 });
    await used(/^project default tokens a month /, '5 of 10');
    await used(/^project default requests a day of wh\* /, '1 of 1,000');
    await opened.look('console-limits');
  });

  it('fits a narrow screen, also a dark one', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 400, height: 800 });
    for (const view of ['Usage', 'Requests', 'Limits', 'Upstreams', 'Keys']) {
      await goTo(view);
      await opened.look(`console-${view.toLowerCase()}-dark-400`);
      expect([view, await opened.overflow()]).toEqual([view, 0]);
    }
    // A project without a list of models answers 404 when asked for it, which the browser reports.
    const others = opened.complaints.splice(0).filter((complaint) => !complaint.includes('404'));
    expect(others).toEqual([]);
  });

  it('shows no upstreams to administrators of an organization', async () => {
    const organization = await opened.administer<{ id: string }>('POST', '/admin/organization', { name: 'other' });
    const { value } = await opened.administer<{ value: string }>(
      'POST',
      '/v1/organization/admin_api_keys',
      { name: 'theirs' },
      { 'openai-organization': organization.id },
    );
    await page.getByRole('button', { name: 'Sign out' }).click();
    await opened.signIn(value);
    const links = page.getByRole('navigation', { name: 'Console' }).getByRole('link');
    expect(await links.allTextContents()).not.toContain('Upstreams');
    expect(await page.locator('#upstreams tr').count()).toBe(0);
    await goTo('Requests');
    await page.getByText('No requests in the last day.').waitFor();
    // The browser reports the 403, too.
    const others = opened.complaints.splice(0).filter((complaint) => !/40[34]/.test(complaint));
    expect(others).toEqual([]);
  });

  it('shows the limits and the upstreams of a gateway without a database', async () => {
    const apiKeys = [ADMIN, { id: 'team', hash: hashApiKey('team-key'), limits: { requestsPerMinute: 5 } }];
    const upstreams = [{ name: 'fake', baseUrl: opened.upstream.baseUrl }];
    const gateway = GatewayProcess.spawn({ database: 'none', upstreams, apiKeys }, { API_KEYS: '' });
    try {
      await page.goto(`${await gateway.listening()}/console`);
      await opened.signIn('admin-key');
      await page.getByRole('row', { name: 'key team requests a minute 0 of 5' }).waitFor();
      const links = page.getByRole('navigation', { name: 'Console' }).getByRole('link');
      expect(await links.allTextContents()).toEqual(['Limits', 'Upstreams']);
    } finally {
      await gateway.stop();
    }
  });
});
