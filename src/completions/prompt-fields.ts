import { dropPromptFields, tellsOfPrompt } from './answer-fields.js';
import type { UpstreamCompletion } from './upstream-completion.js';
import type { PartReader } from './stream/part-reader.js';

/** Of several parts for one prompt, forwards the prompt's fields from one only, as a single request would. */
export class PromptFields {
  /** By the prompt's number. */
  private readonly tellers = new Map<number, PartReader>();

  fit(chunk: UpstreamCompletion, reader: PartReader): void {
    const told = [chunk, ...chunk.choices].filter(tellsOfPrompt);
    if (told.length === 0) return;
    const { promptIndex } = reader.part;
    const teller = this.tellers.get(promptIndex) ?? reader;
    this.tellers.set(promptIndex, teller);
    if (teller !== reader) for (const each of told) dropPromptFields(each);
  }
}
