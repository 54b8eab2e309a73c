import { isFields, isGood } from '../engine-answer.js';
import { type Examination, judgeBad, reasonOf } from '../examination.js';
import type { Probe } from '../probe.js';
import { deviates, honoured, ignored, unclear, type Verdict } from '../verdict.js';

/** Every optional field of the contract. */
const OPTIONAL = [
  ...['best_of', 'echo', 'frequency_penalty', 'logit_bias', 'logprobs', 'n', 'presence_penalty', 'seed', 'stop'],
  ...['stream', 'stream_options', 'suffix', 'top_p', 'user'],
];
const OPTIONAL_IN_CHAT = OPTIONAL.filter((name) => !['best_of', 'echo', 'suffix'].includes(name));

export const protocolProbes: readonly Probe[] = [
  {
    item: 'unknown model',
    otherwise: 'answers 404 itself for models that `models` does not name; without `models`, passes the answer on',
    async judge(engine) {
      const answer = await engine.client.ask({ ...engine.greedyBody(1), model: 'a-model-that-nobody-has' });
      if (isGood(answer)) return ignored('the one that is loaded answers');
      return answer.status === 404 ? honoured() : deviates(reasonOf(answer));
    },
  },
  {
    item: 'null for optional fields',
    otherwise: 'leaves them out',
    async judge(engine) {
      const names = engine.subject.api === 'chat' ? OPTIONAL_IN_CHAT : OPTIONAL;
      await engine.good({ ...engine.greedyBody(), ...Object.fromEntries(names.map((name) => [name, null])) });
      return honoured();
    },
  },
  {
    item: 'user',
    otherwise: 'passes it on',
    async judge(engine) {
      await engine.good({ ...engine.greedyBody(), user: 'somebody' });
      return honoured();
    },
  },
  {
    item: 'error body',
    otherwise: 'reads every shape, and writes one of its own',
    async judge(engine) {
      const answer = await engine.client.ask({ ...engine.greedyBody(1), temperature: 'hot' });
      if (isGood(answer)) return ignored('a temperature of "hot" is taken');
      return judgeErrorBody(answer.status, answer.json);
    },
  },
  {
    item: 'id and object',
    otherwise: 'writes them as the contract has them',
    judge: identity,
  },
  {
    item: 'model in the answer',
    otherwise: 'writes the requested model’s name',
    async judge(engine) {
      const { json } = await engine.remembered(engine.greedyBody());
      return json?.model === engine.subject.model
        ? honoured()
        : deviates(`it says ${JSON.stringify(json?.model ?? null)}`);
    },
  },
  {
    item: 'usage',
    otherwise: 'passes it on',
    async judge(engine) {
      const { usage } = await engine.remembered(engine.greedyBody());
      if (!usage) return ignored('none comes');
      const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage;
      return prompt > 0 && completion > 0 && completion <= 8 && total === prompt + completion
        ? honoured()
        : deviates(`${prompt} + ${completion} = ${total}`);
    },
  },
];

/** OpenAI's shape has `error.message`; statuses from 500 on blame the engine for the caller's mistake. */
export function judgeErrorBody(status: number, json: unknown): Verdict {
  if (status === 0) return unclear('no answer');
  const blame = status >= 500 ? ` with status ${status}` : '';
  if (!isFields(json)) return deviates(`no JSON object${blame}`);
  const { error, detail, message } = json;
  if (isFields(error) && typeof error.message === 'string')
    return blame ? deviates(`right shape, but${blame}`) : honoured();
  const shape = ['error', 'detail', 'message'].find((_, index) => [error, detail, message][index] !== undefined);
  return deviates(shape === undefined ? `no message${blame}` : `\`${shape}\` is the message${blame}`);
}

async function identity(engine: Examination): Promise<Verdict> {
  const first = await engine.remembered(engine.greedyBody());
  const second = await engine.client.ask(engine.greedyBody(1));
  if (!isGood(second)) return judgeBad(second);
  const { id, object } = first.json ?? {};
  const expected = engine.subject.api === 'chat' ? 'chat.completion' : 'text_completion';
  if (object !== expected) return deviates(`object is ${JSON.stringify(object ?? null)}`);
  if (typeof id !== 'string' || id === '') return deviates('the id is empty');
  if (id === second.json?.id) return deviates('two answers have the same id');
  const prefix = engine.subject.api === 'chat' ? 'chatcmpl-' : 'cmpl-';
  return id.startsWith(prefix) ? honoured() : deviates(`an id such as ${id.slice(0, 16)}`);
}
