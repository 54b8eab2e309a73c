import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeEngine, type FakeEngineOptions } from '../support/engines/fake-engine.js';
import { errorOf, eventsOf, Gateway, ONE_ATTEMPT } from '../support/gateway.js';
import { expectRefused } from './hold-to-contract.js';
import { Stage, SUBJECTS, type Subject } from './subjects.js';

const REQUEST = { model: 'tiny', prompt: 'The cat', temperature: 0, max_tokens: 8 };
/** Several choices are as many requests to it. */
const SPLITTING = SUBJECTS.filter(({ engine }) => ['llama.cpp', 'ollama', 'tgi', 'localai'].includes(engine));

const LLAMA_CPP: Subject = { name: 'llama.cpp', engine: 'llama.cpp', fillsIn: 'infill' };

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

async function start(subject: Subject, config: object = { routing: ONE_ATTEMPT }): Promise<Stage> {
  stage = await Stage.of(subject, config);
  return stage;
}

describe('a failure of', () => {
  it.each(SUBJECTS)('$name before it answers is one error, and no stream', async (subject) => {
    const { gateway, fake } = await start(subject);
    for (const trouble of [500, 'reset'] as const) {
      fake.trouble = () => trouble;
      for (const stream of [false, true]) {
        const response = await gateway.complete({ ...REQUEST, stream });
        expect(response.status).toBe(502);
        const { detail, error } = await errorOf(response);
        expect(error).toEqual({ message: detail, type: 'upstream_error', param: null, code: 'upstream_error' });
      }
    }
  });

  // LocalAI sends an error as text of the model.
  it.each(SUBJECTS.filter(({ name }) => name !== 'localai'))(
    '$name in mid-stream is an error event, after which nothing comes',
    async (subject) => {
      const { gateway, fake } = await start(subject);
      fake.trouble = () => ({ failAfterEvents: 3 });
      const response = await gateway.complete({ ...REQUEST, stream: true });
      expect(response.status).toBe(200);
      const events = await eventsOf(response);
      expect(events).not.toContain('[DONE]');
      expect(events.length).toBeGreaterThan(1);
      const [last, ...before] = events.toReversed().map((data) => JSON.parse(data) as { error?: object });
      expect(last).toEqual({
        error: { message: expect.any(String), type: 'upstream_error', param: null, code: expect.any(String) },
      });
      expect(before.some((event) => 'error' in event)).toBe(false);
    },
  );

  it.each(SPLITTING)('one part of a request to $name fails the whole, and ends the others', async (subject) => {
    for (const stream of [false, true]) {
      const { gateway, fake } = await start(subject);
      let count = 0;
      fake.trouble = () => (++count === 3 ? 500 : 'hang');
      const response = await gateway.complete({ ...REQUEST, n: 3, stream });
      expect(response.status).toBe(502);
      expect((await errorOf(response)).error.code).toBe('upstream_error');
      await Promise.all([1, 2].map(async (number) => (await fake.received(number)).aborted));
      expect(fake.requests).toHaveLength(3);
      await stage?.stop();
      stage = undefined;
    }
  });

  it.each(SPLITTING)('one part of a stream of $name ends it with one error event', async (subject) => {
    const { gateway, fake } = await start(subject);
    let count = 0;
    fake.trouble = () => (++count === 3 ? 'reset' : { hangAfterEvents: 2 });
    const response = await gateway.complete({ ...REQUEST, n: 3, stream: true });
    const text = await response.text();
    expect(text.match(/"error":\{/g)).toHaveLength(1);
    expect(text).not.toContain('[DONE]');
    await Promise.all([1, 2].map(async (number) => (await fake.received(number)).aborted));
  });
});

describe('a client that disconnects', () => {
  it.each(SPLITTING)('ends every request that it has caused at $name', async (subject) => {
    for (const stream of [false, true]) {
      const { gateway, fake } = await start(subject);
      fake.trouble = () => (stream ? { hangAfterEvents: 1 } : 'hang');
      const client = new AbortController();
      const body = { ...REQUEST, prompt: ['The cat', 'Tell'], n: 2, stream };
      const pending = gateway.complete(body, { signal: client.signal }).then((response) => response.text());
      const requests = await Promise.all([1, 2, 3, 4].map((number) => fake.received(number)));
      client.abort();
      await expect(pending).rejects.toThrow('aborted');
      await Promise.all(requests.map(({ aborted }) => aborted));
      await stage?.stop();
      stage = undefined;
    }
  });
});

describe('an unknown model', () => {
  it.each(SUBJECTS.filter(({ name }) => !['llama.cpp', 'sglang', 'llama-cpp-python', 'tgi'].includes(name)))(
    'is a 404 in front of $name',
    async (subject) => {
      const { gateway } = await start(subject);
      const response = await gateway.complete({ ...REQUEST, model: 'other' });
      expect(response.status).toBe(404);
      expect((await errorOf(response)).error).toMatchObject({ code: 'model_not_found', param: 'model' });
    },
  );

  it.each(SUBJECTS.filter(({ name }) => ['llama.cpp', 'sglang', 'llama-cpp-python'].includes(name)))(
    'is answered under the requested name in front of $name, which has only one',
    async (subject) => {
      const { gateway } = await start(subject);
      const response = await gateway.complete({ ...REQUEST, model: 'other' });
      expect(await response.json()).toMatchObject({ model: 'other' });
    },
  );
});

describe('a suffix', () => {
  it.each(SUBJECTS.filter(({ engine, api }) => !api && ['sglang', 'tgi', 'localai', 'deepfellow'].includes(engine)))(
    'is refused in front of $name where no template is configured',
    async (subject) => {
      const { gateway, fake } = await start({ ...subject, fillsIn: 'nothing' });
      await expectRefused(await gateway.complete({ ...REQUEST, suffix: ' home.' }), ['suffix']);
      expect(fake.requests).toHaveLength(0);
    },
  );

  it('is filled in by /infill in front of llama.cpp', async () => {
    const { gateway, fake } = await start(LLAMA_CPP);
    expect((await gateway.complete({ ...REQUEST, suffix: ' home.' })).status).toBe(200);
    expect(fake.requests.map(({ path }) => path)).toEqual(['/infill']);
  });
});

describe('llama.cpp, which closes the connection after each stream,', () => {
  it('fails no request', async () => {
    const { gateway } = await start(LLAMA_CPP, {});
    for (let count = 0; count < 60; count++) {
      const response = await gateway.complete({ ...REQUEST, stream: count % 2 === 0 });
      expect(response.status).toBe(200);
      await response.text();
    }
  });
});

/** An engine that is taken at its word, and does not keep it: better an error than an answer that looks right. */
describe('a server that is said to have all, and ignores', () => {
  const lacking = async (options: FakeEngineOptions, body: object): Promise<Response> => {
    const fake = await FakeEngine.start('openai', options);
    const gateway = await Gateway.inFrontOf(fake, { config: { routing: ONE_ATTEMPT } });
    try {
      const response = await gateway.complete({ ...REQUEST, ...body });
      // It is read to its end before the servers stop.
      return new Response(await response.text(), { status: response.status });
    } finally {
      await gateway.stop();
      await fake.stop();
    }
  };

  it.each([
    { without: 'echo', body: { echo: true }, params: ['echo'] },
    { without: 'echo', body: { echo: true, logprobs: 1, max_tokens: 1 }, params: ['echo'] },
    { without: 'logprobs', body: { logprobs: 1 }, params: ['logprobs'] },
    { without: 'n', body: { n: 2, temperature: 1 }, params: ['n'] },
    { without: 'prompt_list', body: { prompt: ['The cat', 'Tell'] }, params: ['prompt', 'n'] },
    { without: 'prompt_tokens_list', body: { prompt: [[300, 301], [302]] }, params: ['prompt', 'n'] },
  ] as const)('$without, is found out by $body', async ({ without, body, params }) => {
    await expectRefused(await lacking({ without: [without] }, body), params);
  });
});
