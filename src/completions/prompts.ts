import type { CreateCompletionDto } from './create-completion.dto.js';

/** The prompts of a request: texts, or lists of token ids. */
export function promptsOf({ prompt }: CreateCompletionDto): (string | number[])[] {
  if (typeof prompt === 'string') return [prompt];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as string[] | number[][]);
}

/** How many choices the answer has: `n` for each prompt. */
export function choiceCountOf(body: CreateCompletionDto): number {
  return promptsOf(body).length * (body.n ?? 1);
}

/** The text that is echoed in front of a choice (prompt index × n + choice index); empty when there is none. */
export function echoedPromptOf(body: CreateCompletionDto, index: number): string {
  if (!body.echo) return '';
  const prompt = promptsOf(body)[Math.floor(index / (body.n ?? 1))];
  return typeof prompt === 'string' ? prompt : '';
}
