import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Completion, EngineProcess } from './support/engine-process.js';
import { completion, FakeUpstream, replyJson } from './support/fake-upstream.js';
import { API_KEY, postCompletion } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STORYTELLER = join(ROOT, 'engine/models/storyteller.gguf');
const REQUEST = { model: 'storyteller', prompt: 'Once upon a time', max_tokens: 12, seed: 7 };
/** More tokens than are ever generated here. */
const ENDLESS = { ...REQUEST, max_tokens: 400, logit_bias: { '0': -100 }, n: 128, stream: true, logprobs: 0 };

let gateway: GatewayProcess;

afterEach(() => gateway.stop());

async function textOf(response: Response): Promise<string | undefined> {
  const { choices } = (await response.json()) as Completion;
  return choices[0]?.text;
}

interface EngineLine {
  pid: number;
  port: number;
}

/** The embedded engine, once it is ready; with `after`, its successor. */
async function engineOf(process: GatewayProcess, after?: EngineLine): Promise<EngineLine> {
  const line = await process.logged(({ msg, pid }) => msg === 'the embedded engine is ready' && pid !== after?.pid);
  return line as unknown as EngineLine;
}

describe('the gateway without an upstream', () => {
  it('serves the storyteller, and lists it', async () => {
    gateway = GatewayProcess.spawn({});
    const url = await gateway.listening();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const response = await postCompletion(url, REQUEST);
    expect(response.status).toBe(200);
    expect(await textOf(response)).toMatch(/\w+ \w+/);
    const models = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${API_KEY}` } });
    expect(await models.json()).toMatchObject({ data: [{ id: 'storyteller' }] });
  });

  it('serves another model under the name of its file', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'model-')), 'tales.gguf');
    cpSync(STORYTELLER, file);
    gateway = GatewayProcess.spawn({}, { EMBEDDED_MODEL: file });
    const response = await postCompletion(await gateway.listening(), { ...REQUEST, model: 'tales' });
    expect(await response.json()).toMatchObject({ model: 'tales', choices: [{ index: 0 }] });
  });

  it('makes a key for the run when none is configured, and prints a curl line that works', async () => {
    gateway = GatewayProcess.spawn({}, { API_KEYS: '' });
    await gateway.listening();
    const line = /curl (\S+) -H "Authorization: Bearer (dforg_\S+)" .* -d '(.*)'/.exec(gateway.banner);
    const [, endpoint = '', key = '', body = ''] = line ?? [];
    const base = endpoint.replace('/v1/completions', '');
    expect((await postCompletion(base, body, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
    expect((await postCompletion(base, REQUEST)).status).toBe(401);
  });

  it('ends with 1 in production when no key is configured, and says how to make one', async () => {
    gateway = GatewayProcess.spawn({}, { API_KEYS: '', NODE_ENV: 'production' });
    const { exitCode, stderr } = await gateway.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('NODE_ENV=production');
    expect(stderr).toContain('npm run key');
    expect(stderr).toContain('API_KEYS');
  });

  it('ends with 1 when the model file is missing, and says so once', async () => {
    gateway = GatewayProcess.spawn({}, { EMBEDDED_MODEL: '/nowhere/model.gguf' });
    const { exitCode, stderr } = await gateway.ended;
    expect(exitCode).toBe(1);
    expect(stderr.trim()).toBe(
      'The model file /nowhere/model.gguf cannot be read. Name a GGUF file with --model or EMBEDDED_MODEL.',
    );
  });

  it('ends with 1 when the file is no model, and names it', async () => {
    gateway = GatewayProcess.spawn({}, { EMBEDDED_MODEL: join(ROOT, 'package.json') });
    const { exitCode, stderr } = await gateway.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`llama.cpp cannot load the model file ${join(ROOT, 'package.json')}`);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

describe('the embedded engine that dies', () => {
  let modelFile: string;
  let url: string;
  let engine: EngineLine;

  beforeEach(async () => {
    modelFile = join(mkdtempSync(join(tmpdir(), 'model-')), 'storyteller.gguf');
    cpSync(STORYTELLER, modelFile);
    gateway = GatewayProcess.spawn({}, { EMBEDDED_MODEL: modelFile });
    url = await gateway.listening();
    engine = await engineOf(gateway);
  });

  it('is restarted, and serves again; the gateway lives on', async () => {
    const before = await textOf(await postCompletion(url, REQUEST));
    process.kill(engine.pid, 'SIGKILL');
    await engineOf(gateway, engine);
    expect(await textOf(await postCompletion(url, REQUEST))).toBe(before);
    await gateway.logged(({ level, reason }) => level === 'error' && reason === 'SIGKILL');
  });

  it('causes a 503 and no readiness until it can be restarted', async () => {
    // It cannot start without its model, so that no timing matters.
    renameSync(modelFile, `${modelFile}.away`);
    process.kill(engine.pid, 'SIGKILL');
    await gateway.logged(({ msg }) => msg === 'the embedded engine cannot start');
    const response = await postCompletion(url, REQUEST);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ error: { type: 'upstream_error', code: 'no_upstream_available' } });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    renameSync(`${modelFile}.away`, modelFile);
    await engineOf(gateway, engine);
    expect((await postCompletion(url, REQUEST)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it('ends a stream that is under way with an error event, and without [DONE]', async () => {
    const response = await postCompletion(url, ENDLESS);
    process.kill(engine.pid, 'SIGKILL');
    const events = (await response.text()).split('\n\n').filter(Boolean);
    expect(events.at(-1)).toMatch(/^data: \{"error":\{"message":".*","type":"upstream_error"/);
    expect(events.slice(0, -1).every((event) => event.startsWith('data: {"id":'))).toBe(true);
  });
});

describe('the embedded engine ends with its gateway', () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('%s', async (signal) => {
    gateway = GatewayProcess.spawn({}, { LOG_LEVEL: 'info' });
    const url = await gateway.listening();
    const { port } = await engineOf(gateway);
    // It lives, and answers only its gateway.
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(401);
    // It is generating when SIGKILL comes; a drain would wait for the stream.
    const client = new AbortController();
    if (signal === 'SIGKILL') await postCompletion(url, ENDLESS, { signal: client.signal });
    gateway.kill(signal);
    // The engine shares the standard error, which closes when both have ended.
    const { exitCode } = await gateway.ended;
    expect(exitCode).toBe(signal === 'SIGKILL' ? null : 0);
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed');
  });
});

describe('the gateway in front of an engine in its own process', () => {
  let engine: EngineProcess;
  beforeEach(async () => {
    engine = await EngineProcess.start();
  });
  afterEach(async () => {
    engine.child.kill('SIGCONT');
    await engine.stop();
  });

  const inFront = () => GatewayProcess.spawn({}, { UPSTREAM_BASE_URL: engine.baseUrl, UPSTREAM_ENGINE: 'embedded' });

  it('gives the same answers for the same seed as with the embedded one', async () => {
    const bodies = [
      REQUEST,
      { ...REQUEST, prompt: ['The cat', 'My name is'], n: 2 },
      { ...REQUEST, logprobs: 3, echo: true },
      { ...REQUEST, best_of: 3, temperature: 1.4 },
      { ...REQUEST, suffix: ' Sharing was fun.', max_tokens: 40 },
    ];
    gateway = inFront();
    const url = await gateway.listening();
    const other = GatewayProcess.spawn({});
    try {
      const otherUrl = await other.listening();
      for (const body of bodies) {
        const [own, others] = await Promise.all([postCompletion(url, body), postCompletion(otherUrl, body)]);
        const { choices, usage } = (await own.json()) as Completion;
        expect(choices.length).toBeGreaterThan(0);
        expect((await others.json()) as Completion).toMatchObject({ choices, usage });
      }
      expect((await engine.health()).tokensGenerated).toBeGreaterThan(0);
    } finally {
      await other.stop();
    }
  });

  it('stops the generation within two tokens when a client disconnects in mid-stream', async () => {
    gateway = inFront();
    const url = await gateway.listening();
    const client = new AbortController();
    const response = await postCompletion(url, ENDLESS, { signal: client.signal });
    let received = '';
    const reading = (async () => {
      for await (const text of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
        received += text;
      }
    })();
    reading.catch(() => undefined);

    // The engine is stopped; when the gateway has answered these, it has passed on all that the engine sent before.
    engine.child.kill('SIGSTOP');
    for (let turn = 0; turn < 20; turn++) await (await fetch(`${url}/livez`)).text();
    const tokensReceived = received
      .split('\n\n')
      .slice(0, -1)
      .map((event) => JSON.parse(event.slice('data: '.length)) as Completion)
      .reduce((sum, { choices }) => sum + (choices[0]?.logprobs?.tokens.length ?? 0), 0);
    client.abort();
    await expect(reading).rejects.toThrow('aborted');
    await gateway.logged(({ status }) => status === 499);
    engine.child.kill('SIGCONT');

    const { tokensGenerated } = await engine.healthWhen(({ active }) => active === 0);
    expect(tokensReceived).toBeGreaterThan(0);
    expect(tokensGenerated).toBeLessThanOrEqual(tokensReceived + 2);
  });
});

describe('an install without the embedded engine', () => {
  let folder: string;
  let program: string;

  /** What `npm ci --omit=dev --omit=optional` leaves: the built program, and every package but node-llama-cpp. */
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'without-engine-'));
    program = join(folder, 'dist/src/main.js');
    for (const name of ['dist', 'package.json', 'engine/models']) {
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    }
    mkdirSync(join(folder, 'node_modules'));
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (name.includes('node-llama-cpp')) continue;
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    }
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('serves an upstream', async () => {
    const upstream = await FakeUpstream.start(replyJson(completion('Hello')));
    gateway = GatewayProcess.spawn({}, { UPSTREAM_BASE_URL: upstream.baseUrl }, program);
    const response = await postCompletion(await gateway.listening(), { model: 'test-model', prompt: 'Hi' });
    expect(await textOf(response)).toBe('Hello');
    await upstream.stop();
  });

  it('ends with 1 when no upstream is configured, and says what to do', async () => {
    gateway = GatewayProcess.spawn({}, {}, program);
    const { exitCode, stderr } = await gateway.ended;
    expect(exitCode).toBe(1);
    expect(stderr.trim()).toBe(
      'The embedded engine needs the optional package node-llama-cpp, which is not installed. ' +
        'Install it with `npm ci --include=optional`, or set UPSTREAM_BASE_URL to use a server of your own.',
    );
  });
});
