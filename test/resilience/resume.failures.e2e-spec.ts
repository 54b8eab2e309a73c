import { afterEach, describe, expect, it } from '@jest/globals';
import { type Behaviour, breakAfter, type FakeUpstream, hang, replyJson } from '../support/fake-upstream.js';
import type { Gateway } from '../support/gateway.js';
import { expectErrorEvent, REQUEST, StoryPair, undisturbed, WITH_USAGE } from '../support/story-pair.js';
import { PROMPT, STORY, storyEvents, tellInTurn } from '../support/storyteller.js';

describe('POST /v1/completions ends a broken stream with an error event, and', () => {
  let pair: StoryPair;
  let first: FakeUpstream;
  let second: FakeUpstream;
  let gateway: Gateway;

  afterEach(() => pair.stop());

  async function start(options: Parameters<typeof StoryPair.start>[0]): Promise<void> {
    pair = await StoryPair.start(options);
    ({ first, second, gateway } = pair);
  }

  it('asks no other upstream where a stop text is looked for, since the delivered text may end within a token', async () => {
    await start({ upstream: { engine: 'vllm' } });
    pair.breakFirst(3);
    const request = { ...REQUEST, stop: ['END'] };
    await expectErrorEvent(await gateway.complete(request), request, 3);
    expect(second.requests).toHaveLength(0);
    pair.breakFirst(3);
    expect(await pair.textFor(REQUEST)).toBe(undisturbed(REQUEST));
  });

  it('counts all resumes against `maxAttempts`, though each brings a token', async () => {
    await start({ routing: { maxAttempts: 5 } });
    first.onCompletion(tellInTurn({ id: 'first' }, [1, 1]));
    second.onCompletion(tellInTurn({ id: 'the-second' }, [1, 1]));
    expect(await pair.textFor(WITH_USAGE)).toBe(undisturbed(WITH_USAGE));
    first.onCompletion(tellInTurn({ id: 'first' }, [1, 1, 1]));
    second.onCompletion(tellInTurn({ id: 'the-second' }, [1, 1]));
    await expectErrorEvent(await gateway.complete(WITH_USAGE), WITH_USAGE, 5);
  });

  it('gives up when attempts bring only chunks without text', async () => {
    await start({ routing: { maxAttempts: 3, backoffMs: 1 } });
    pair.breakFirst(2);
    second.onCompletion((response, request) => {
      const [one = ''] = storyEvents({ id: 'the-second' }, request.body);
      first.onCompletion(hang);
      return breakAfter(one.replace(/"text":"[^"]*"/, '"text":""'))(response, request);
    });
    const pending = (await gateway.complete(REQUEST)).text();
    let isOver = false;
    void pending.finally(() => (isOver = true));
    await pair.timePassesUntil('the end of the stream', () => isOver, 1_000);
    expect(await pending).toMatch(/"error":.*\n\n$/);
    expect(second.requests.length).toBeLessThanOrEqual(2);
  });

  it.each<{ where: string; request: object; told?: object; afterEvents: number; routing?: object }>([
    { where: 'the prompt is token ids', request: { ...REQUEST, prompt: [1, 2, 3] }, told: REQUEST, afterEvents: 2 },
    { where: 'two choices are open', request: { ...REQUEST, n: 2 }, afterEvents: STORY.length },
    {
      where: 'usage is over several prompts',
      request: { ...WITH_USAGE, prompt: [PROMPT, PROMPT] },
      afterEvents: STORY.length + 3,
    },
    { where: '`resume` is off', request: REQUEST, afterEvents: 3, routing: { resume: 'off' } },
  ])('asks no other upstream where $where', async ({ request, told = request, afterEvents, routing = {} }) => {
    await start({ routing });
    first.onCompletion(breakAfter(storyEvents({ id: 'first' }, told).slice(0, afterEvents).join('')));
    await expectErrorEvent(await gateway.complete(request), told, afterEvents);
    expect(second.requests).toHaveLength(0);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ status: 200, errorCode: 'upstream_error', attempts: 1 });
    expect(line).not.toHaveProperty('resumes');
  });

  it.each<[string, Behaviour, string]>([
    ['answers 503', replyJson('', 503), 'no_upstream_available'],
    ['refuses the longer prompt', replyJson({ error: { message: 'no' } }, 400), 'no'],
  ])('asks no third time when the other upstream %s', async (_, behaviour, code) => {
    await start({ routing: { maxAttempts: 2 } });
    pair.breakFirst(3);
    second.onCompletion(behaviour);
    const whole = await pair.textFor(WITH_USAGE);
    const before = storyEvents({ id: 'first' }, WITH_USAGE).slice(0, 3).join('');
    expect(whole.slice(0, before.length)).toBe(before);
    expect(whole.slice(before.length)).toMatch(/^data: \{"error":.*\}\n\n$/);
    expect(whole).toContain(code);
    expect(whole).not.toContain('[DONE]');
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ status: 200, attempts: 2 });
    expect(line).not.toHaveProperty('resumes');
  });
});
