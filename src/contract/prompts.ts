import { lengthInCodePoints } from '../common/code-points.js';
import type { CreateCompletionDto } from './create-completion.dto.js';

/** `max_tokens` of a request without it. */
export const DEFAULT_MAX_TOKENS = 16;

/** A text, or a list of token ids. */
export type Prompt = string | number[];

/** The prompts of a request: texts, or lists of token ids. */
export function promptsOf({ prompt }: Pick<CreateCompletionDto, 'prompt'>): Prompt[] {
  if (typeof prompt === 'string') return [prompt];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as string[] | number[][]);
}

/** Whether the prompt is one text or one list of token ids, and no list of such. */
export function isOnePrompt({ prompt }: Pick<CreateCompletionDto, 'prompt'>): boolean {
  return typeof prompt === 'string' || typeof prompt[0] === 'number';
}

/** How many choices the answer has: `n` for each prompt. */
export function choiceCountOf(body: CreateCompletionDto): number {
  return promptsOf(body).length * (body.n ?? 1);
}

/** The prompt of a choice (prompt index × n + choice index). */
export function promptOf(body: CreateCompletionDto, index: number): Prompt {
  return promptsOf(body)[Math.floor(index / (body.n ?? 1))] ?? '';
}

/** The text that is echoed in front of a choice; empty without `echo`, and for token ids, whose text is unknown. */
export function echoedPromptOf(body: CreateCompletionDto, index: number): string {
  if (!body.echo) return '';
  const prompt = promptOf(body, index);
  return typeof prompt === 'string' ? prompt : '';
}

/** The length of a choice's prompt in characters, as `text_offset` counts them. Each prompt is counted once. */
export function promptLengthsOf(body: CreateCompletionDto): (index: number) => number {
  const lengths = new Map<number, number>();
  return (index) => {
    const promptIndex = Math.floor(index / (body.n ?? 1));
    const length = lengths.get(promptIndex) ?? lengthInCodePoints(String(promptOf(body, index)));
    lengths.set(promptIndex, length);
    return length;
  };
}
