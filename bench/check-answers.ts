import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contenders.ts';
import type { Plan } from './plan.ts';
import { bodyOf } from './request.ts';

const START_TIMEOUT_MS = 30_000;
const TEXT_START = ', there was a quiet little boy named Leo.';

interface Answer {
  status: number;
  text: string;
}

async function ask(port: number, headers: Record<string, string>, body: string): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body,
    signal: AbortSignal.timeout(START_TIMEOUT_MS),
  });
  return { status: response.status, text: await response.text() };
}

/** Resolves at the first 200. @throws when there is none within half a minute. */
export async function firstAnswer(port: number, headers: Record<string, string>, model: string): Promise<void> {
  const body = bodyOf(model, false);
  const giveUpAt = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await ask(port, headers, body).catch(() => undefined);
    if (answer?.status === 200) return;
    if (performance.now() > giveUpAt)
      throw new Error(`no answer within ${START_TIMEOUT_MS} ms: ${answer?.text ?? 'nothing listens'}`);
    await sleep(5);
  }
}

/** Checks that the contender's answers are right. @throws when they are not. */
export async function checkAnswers(
  { name, headers }: Contender,
  port: number,
  { models }: Plan,
  withStreams: boolean,
): Promise<void> {
  const json = await ask(port, headers, bodyOf(models.json, false));
  if (json.status !== 200 || !textOf(json.text).startsWith(TEXT_START)) throw wrong(name, json);
  if (!withStreams) return;
  const stream = await ask(port, headers, bodyOf(models.unpaced, true));
  const events = stream.text.split('\n\n').filter((event) => event !== '');
  const expected = `${' little'.repeat(Number(models.unpaced.split('-').at(-1)))}.`;
  const text = events.slice(0, -1).map((event) => textOf(event.replace('data: ', '')));
  if (stream.status !== 200 || text.join('') !== expected || events.at(-1) !== 'data: [DONE]')
    throw wrong(name, stream);
}

function textOf(json: string): string {
  const { choices } = JSON.parse(json) as { choices: { text: string }[] };
  return choices.map(({ text }) => text).join('');
}

function wrong(name: string, { status, text }: Answer): Error {
  return new Error(`${name} gives a wrong answer: ${status} ${text.slice(0, 500)}`);
}
