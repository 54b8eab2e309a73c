import { lengthInCodePoints } from '../common/code-points.js';
import type { CreateCompletionDto } from './create-completion.dto.js';

/** Of a request that does not say. */
export const DEFAULT_MAX_TOKENS = 16;

/** A text, or a list of token ids. */
export type Prompt = string | number[];

/** The prompts of a request: texts, or lists of token ids. */
export function promptsOf({ prompt }: Pick<CreateCompletionDto, 'prompt'>): Prompt[] {
  if (typeof prompt === 'string') return [prompt];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as string[] | number[][]);
}

/** Whether the prompt is a text or a list of token ids, and no list of those. */
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

/** The text that is echoed in front of a choice; empty when there is none, or when it is not known. */
export function echoedPromptOf(body: CreateCompletionDto, index: number): string {
  if (!body.echo) return '';
  const prompt = promptOf(body, index);
  return typeof prompt === 'string' ? prompt : '';
}

/** The length of the prompt of a choice in characters, as `text_offset` counts them. Each prompt is counted once. */
export function promptLengthsOf(body: CreateCompletionDto): (index: number) => number {
  const lengths = new Map<number, number>();
  return (index) => {
    const promptIndex = Math.floor(index / (body.n ?? 1));
    const length = lengths.get(promptIndex) ?? lengthInCodePoints(String(promptOf(body, index)));
    lengths.set(promptIndex, length);
    return length;
  };
}
