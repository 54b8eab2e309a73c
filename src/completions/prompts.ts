import type { CreateCompletionDto } from './create-completion.dto.js';

/** The prompts of a request: texts, or lists of token ids. */
export function promptsOf({ prompt }: CreateCompletionDto): (string | number[])[] {
  if (typeof prompt === 'string') return [prompt];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as string[] | number[][]);
}

/** For each choice of the answer (prompt index × n + choice index), the text that is echoed in front of it. */
export function echoedPromptsOf(body: CreateCompletionDto): string[] {
  const n = body.n ?? 1;
  return promptsOf(body).flatMap((prompt) =>
    Array.from({ length: n }, () => (body.echo && typeof prompt === 'string' ? prompt : '')),
  );
}
