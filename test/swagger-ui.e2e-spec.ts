import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { COMPLETION_EXAMPLES } from '../src/contract/completion-examples.js';
import { describeInBrowser, OPEN_TIMEOUT_MS, type OpenBrowser } from './support/browser.js';
import type { Completion } from './support/engine-process.js';
import { API_KEY } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';

describeInBrowser('Swagger UI in a browser', (open) => {
  let gateway: GatewayProcess;
  let url: string;
  let opened: OpenBrowser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    gateway = GatewayProcess.spawn({});
    url = await gateway.listening();
    opened = await open();
  }, OPEN_TIMEOUT_MS);

  afterAll(async () => {
    await gateway.stop();
    await opened.close();
  });

  /** Errors that the browser reported, and requests of the page to other servers. */
  let complaints: string[];

  beforeEach(async () => {
    complaints = [];
    context = await opened.browser.newContext({ viewport: { width: 1280, height: 1000 } });
    page = await context.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) complaints.push(request.url());
    });
    await page.goto(`${url}/docs`);
    await authorize();
  });

  afterEach(() => context.close());

  async function authorize(): Promise<void> {
    await page.locator('.btn.authorize').click();
    await page.locator('.modal-ux input').fill(API_KEY);
    await page.locator('.modal-ux .btn.authorize').click();
    await page.locator('.modal-ux .btn-done').click();
  }

  /** Opens the operation; its part of the page. */
  async function expand(path: string): Promise<Locator> {
    const operation = page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) });
    await operation.locator('.opblock-summary-control').click();
    return operation;
  }

  /** Presses "Execute", and waits for the answer. */
  async function execute(operation: Locator): Promise<{ status: string; body: string }> {
    await operation.getByRole('button', { name: 'Execute' }).click();
    const answer = operation.locator('.live-responses-table .response');
    const body = await answer.locator('.response-col_description pre').first().innerText();
    return { status: (await answer.locator('.response-col_status').innerText()).trim(), body };
  }

  it('answers the first example as it stands', async () => {
    const operation = await expand('/v1/completions');
    const { status, body } = await execute(operation);
    expect(status).toMatch(/^200/);
    expect((JSON.parse(body) as Completion).choices[0]?.text).toMatch(/\w+ \w+ \w+/);
  });

  it.each(Object.entries(COMPLETION_EXAMPLES))('answers the example "%s" with text', async (name, { value }) => {
    const operation = await expand('/v1/completions');
    await operation.locator('.opblock-section-request-body .examples-select select').selectOption(name);
    const { status, body } = await execute(operation);
    expect(status).toMatch(/^200/);
    const isStream = 'stream' in value;
    const events = body.split('\n').filter((line) => line.startsWith('data: '));
    if (isStream) expect(events.pop()).toBe('data: [DONE]');
    const completions = isStream ? events.map((event) => event.slice('data: '.length)) : [body];
    const text = completions
      .flatMap((json) => (JSON.parse(json) as Completion).choices)
      .map((choice) => choice.text)
      .join('');
    expect(text).toMatch(/\w+ \w+/);
  });

  it('has the body first, and the optional headers behind a button', async () => {
    const operation = await expand('/v1/completions');
    const header = operation.getByPlaceholder('X-Request-Id');
    expect(await header.isVisible()).toBe(false);
    const toggle = operation.getByRole('button', { name: 'Show the optional headers (3)' });
    await toggle.focus();
    await page.keyboard.press('Enter');
    await header.fill('from-the-page');
    const top = async (locator: Locator): Promise<number> => (await locator.boundingBox())?.y ?? 0;
    expect(await top(operation.locator('.opblock-section-request-body'))).toBeLessThan(await top(header));
    await execute(operation);
    expect(await operation.locator('.live-responses-table .response .response-col_description').innerText()).toContain(
      'x-request-id: from-the-page',
    );
  });

  it('shows an example of a stream, and no choice of a media type', async () => {
    const operation = await expand('/v1/completions');
    const good = operation.locator('.responses-table:not(.live-responses-table) .response[data-code="200"]');
    await good.locator('.response-control-media-type select').selectOption('text/event-stream');
    expect(await good.locator('.highlight-code').first().innerText()).toMatch(/^data: \{/);
    expect(await good.getByText('Controls').isVisible()).toBe(false);
  });

  it('keeps the key over a reload', async () => {
    await page.reload();
    const operation = await expand('/v1/models');
    const { status, body } = await execute(operation);
    expect(status).toMatch(/^200/);
    expect(body).toContain('"storyteller"');
  });

  it('shows the page and an answer without an error or a breach of its content security policy, and sends no request elsewhere', async () => {
    const operation = await expand('/v1/completions');
    const { status } = await execute(operation);
    expect(status).toMatch(/^200/);
    await operation.getByRole('tab', { name: 'Schema' }).first().click();
    // From a comment of the DTO.
    await operation.getByText('-100 and 100 ban it and force it').waitFor();
    expect(await page.locator('.errors-wrapper').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
