import { remember } from '../common/remember.js';
import { type Prompt, promptsOf } from '../contract/prompts.js';
import type { CreateCompletionDto } from '../contract/create-completion.dto.js';

/** Roughly that of English text; used until an upstream has reported usage. */
const BYTES_PER_TOKEN = 4;

/** The weight of a new answer in the moving average. */
const WEIGHT = 0.1;

/** Remembered models: callers choose the names. */
const MAX_MODELS = 1_000;

/** The size of a request's prompts: token ids are counted, texts measured. */
export interface PromptSize {
  ids: number;
  textBytes: number;
}

export function sizeOfPrompts(body: Pick<CreateCompletionDto, 'prompt'>): PromptSize {
  const size = { ids: 0, textBytes: 0 };
  for (const prompt of promptsOf(body)) add(size, prompt);
  return size;
}

function add(size: PromptSize, prompt: Prompt): void {
  if (typeof prompt === 'string') size.textBytes += Buffer.byteLength(prompt);
  else size.ids += prompt.length;
}

/** Estimates the tokens of prompts from the usage reported for earlier ones of the model. */
export class TokenEstimate {
  private readonly bytesPerToken = new Map<string, number>();

  /** The tokens of prompts, rounded up. */
  of(model: string, { ids, textBytes }: PromptSize): number {
    return ids + Math.ceil(textBytes / (this.bytesPerToken.get(model) ?? BYTES_PER_TOKEN));
  }

  /** Learns how many tokens prompts of this size were. */
  learn(model: string, { ids, textBytes }: PromptSize, promptTokens: number): void {
    const tokens = promptTokens - ids;
    if (textBytes === 0 || tokens <= 0) return;
    const known = this.bytesPerToken.get(model);
    const seen = textBytes / tokens;
    if (known === undefined) remember(this.bytesPerToken, model, seen, MAX_MODELS);
    else this.bytesPerToken.set(model, known + WEIGHT * (seen - known));
  }
}
