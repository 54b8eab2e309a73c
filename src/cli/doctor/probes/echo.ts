import { isFields, textOf } from '../engine-answer.js';
import type { Probe } from '../probe.js';
import { deviates, honoured, ignored, unclear, type Verdict } from '../verdict.js';

export const echoProbes: readonly Probe[] = [
  {
    feature: 'echo',
    apis: ['completions'],
    async judge(engine) {
      const body = { ...engine.greedyBody(4), echo: true };
      const plain = await engine.greedy(4);
      const whole = judgeEcho(textOf(await engine.good(body)), engine.prompt, plain);
      if (whole.is !== 'honoured') return whole;
      const streamed = judgeEcho(textOf(await engine.alsoStreamed(body)), engine.prompt, plain);
      return streamed.is === 'honoured' ? streamed : deviates('not in streams');
    },
  },
  {
    item: 'echo of token ids',
    apis: ['completions'],
    otherwise: 'refuses it with 400 where it emulates the echo: it has no tokenizer',
    async judge(engine) {
      if (!engine.isHonoured('prompt_tokens')) return unclear('it takes no token ids');
      const ids = (await engine.tokensOf(engine.prompt)) ?? [11, 12, 13, 14];
      const plain = textOf(await engine.good(engine.greedyBody(2, ids)));
      const text = textOf(await engine.good({ ...engine.greedyBody(2, ids), echo: true }, engine.greedyBody(2, ids)));
      if (text === plain) return ignored();
      return text.endsWith(plain) ? honoured() : deviates('the completion is another one');
    },
  },
  {
    feature: 'echo_logprobs',
    apis: ['completions'],
    async judge(engine) {
      const body = { ...engine.greedyBody(1), echo: true, logprobs: 1 };
      const answer = await engine.good(body);
      return judgeEchoLogprobs(answer.choices[0]?.logprobs, textOf(answer), await engine.greedy(1));
    },
  },
];

function judgeEcho(text: string, prompt: string, plain: string): Verdict {
  if (text === prompt + plain) return honoured();
  if (text === plain) return ignored();
  return text.endsWith(plain)
    ? deviates(`what comes in front is ${JSON.stringify(text.slice(0, text.length - plain.length))}`)
    : deviates('the completion is another one');
}

/** The prompt's tokens have to be there, each but the first with its own log probability. */
export function judgeEchoLogprobs(logprobs: unknown, text: string, plain: string): Verdict {
  if (!isFields(logprobs)) return ignored('no log probabilities come');
  const { tokens, token_logprobs: values } = logprobs;
  if (!Array.isArray(tokens) || !Array.isArray(values)) return deviates('they have another shape');
  const spelled = tokens.join('');
  if (text === plain || spelled.trim() === plain.trim()) return deviates('those of the completion alone');
  const isScored = values.slice(1).every((value) => typeof value === 'number' && value <= 0);
  if (values.length !== tokens.length || !isScored) return deviates('some tokens have none');
  return spelled.trim().endsWith(text.trim()) ? honoured() : deviates('their tokens do not spell the text');
}
