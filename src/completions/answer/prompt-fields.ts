import { dropPromptFields, hasPromptFields } from './answer-fields.js';
import type { UpstreamCompletion } from './upstream-completion.js';
import type { PartReader } from '../stream/part-reader.js';

/** Of several parts for one prompt, forwards the prompt's fields from one only, as a single request would. */
export class PromptFields {
  /** The part that they come from, by the prompt's number. */
  private readonly sources = new Map<number, PartReader>();

  fit(chunk: UpstreamCompletion, reader: PartReader): void {
    const withFields = [chunk, ...chunk.choices].filter(hasPromptFields);
    if (withFields.length === 0) return;
    const { promptIndex } = reader.part;
    const source = this.sources.get(promptIndex) ?? reader;
    this.sources.set(promptIndex, source);
    if (source !== reader) for (const each of withFields) dropPromptFields(each);
  }
}
