/** Of a completion request, what a report asks for; the driver adds the rest. */
export interface Asked {
  prompt: string | string[] | number[];
  n?: number;
  stop?: string[];
  echo?: boolean;
  logprobs?: number;
}

interface Completion {
  choices: {
    text: string;
    finish_reason: unknown;
    logprobs?: { tokens: unknown; token_logprobs: unknown; top_logprobs: unknown } | null;
  }[];
  usage?: { total_tokens: number };
}

interface Refusal {
  status: number | undefined;
  code: string | undefined;
  detail: string | { loc: unknown }[] | undefined;
}

/** A request that the gateway refuses. */
export const ASKS_TOO_LITTLE = { model: 'storyteller', prompt: 'The cat', n: 2, best_of: 1 };

/** Prints what a client reads of answers to these requests, and of the refusals of `ASKS_TOO_LITTLE`. */
export async function report(
  complete: (asked: Asked) => Promise<Completion>,
  invalid: Refusal,
  unauthorized: Refusal,
): Promise<void> {
  const completion = await complete({ prompt: 'Once upon a time' });
  const logprobs = (await complete({ prompt: [752, 867, 262, 396], logprobs: 2 })).choices[0]?.logprobs;
  const echoed = (await complete({ prompt: 'The cat', echo: true, logprobs: 0 })).choices[0];
  const several = await complete({ prompt: ['The cat', 'My name is'], n: 2, stop: ['.'] });
  if (typeof invalid.detail === 'string') throw new Error('a list was expected');
  console.log(
    JSON.stringify({
      completion: {
        text: completion.choices[0]?.text,
        finish_reason: completion.choices[0]?.finish_reason,
        logprobs: completion.choices[0]?.logprobs,
        total_tokens: completion.usage?.total_tokens,
      },
      logprobs: {
        tokens: logprobs?.tokens,
        token_logprobs: logprobs?.token_logprobs,
        top_logprobs: logprobs?.top_logprobs,
      },
      echo: { text: echoed?.text, token_logprobs: echoed?.logprobs?.token_logprobs },
      several: several.choices.map(({ text }) => text),
      invalid: { status: invalid.status, code: invalid.code, issues: invalid.detail?.map(({ loc }) => loc) },
      unauthorized: { status: unauthorized.status, message: unauthorized.detail },
    }),
  );
}
