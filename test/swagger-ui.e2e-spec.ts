import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { COMPLETION_EXAMPLES } from '../src/completions/completion-examples.js';
import type { Completion } from './support/engine-process.js';
import { API_KEY } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

describe('Swagger UI in a browser', () => {
  let gateway: GatewayProcess;
  let url: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    if (!existsSync(CHROMIUM)) {
      throw new Error(
        `This test needs Chromium, and there is none at ${CHROMIUM}. Install it (on Debian and Ubuntu: ` +
          '`apt-get install chromium`), or set CHROMIUM_PATH to where it is.',
      );
    }
    gateway = GatewayProcess.spawn({});
    url = await gateway.listening();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });

  afterAll(async () => {
    await browser.close();
    gateway.kill('SIGTERM');
    await gateway.ended;
  });

  /** What the browser said went wrong, and every address outside of the gateway that the page wanted. */
  let complaints: string[];

  beforeEach(async () => {
    complaints = [];
    context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
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

  /** Opens the operation, and answers with its part of the page. */
  async function open(path: string): Promise<Locator> {
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
    const operation = await open('/v1/completions');
    const { status, body } = await execute(operation);
    expect(status).toMatch(/^200/);
    expect((JSON.parse(body) as Completion).choices[0]?.text).toMatch(/\w+ \w+ \w+/);
  });

  it.each(Object.entries(COMPLETION_EXAMPLES))('answers the example "%s" with text', async (name, { value }) => {
    const operation = await open('/v1/completions');
    await operation.locator('.examples-select select').selectOption(name);
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

  it('keeps the key over a reload', async () => {
    await page.reload();
    const operation = await open('/v1/models');
    const { status, body } = await execute(operation);
    expect(status).toMatch(/^200/);
    expect(body).toContain('"storyteller"');
  });

  it('shows the page without an error, and asks nobody but the gateway', async () => {
    const operation = await open('/v1/completions');
    const { status } = await execute(operation);
    expect(status).toMatch(/^200/);
    await operation.getByRole('tab', { name: 'Schema' }).first().click();
    // What a comment of the DTO says.
    await operation.getByText('-100 and 100 ban it and force it').waitFor();
    expect(await page.locator('.errors-wrapper').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
