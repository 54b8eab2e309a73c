import type { Usage } from '../../observability/usage.js';
import { mergeUsage } from '../answer/merge-usage.js';
import type { PartReader } from './part-reader.js';

/** The usage of a stream: as its parts report it, or counted here. */
export class StreamCounts {
  private readonly reported = new Map<PartReader, Usage>();
  private counted: Usage | undefined;

  constructor(private readonly partCount: number) {}

  /** The newest counts of a part. */
  report(part: PartReader, usage: Usage): void {
    this.reported.set(part, usage);
  }

  /** The usage that was counted in place of the reported one. */
  set(usage: Usage | undefined): void {
    this.counted = usage;
  }

  /** Undefined until every part has reported: a partial sum would be wrong. */
  get usage(): Usage | undefined {
    if (this.counted) return this.counted;
    if (this.reported.size < this.partCount) return undefined;
    const parts = [...this.reported].map(([{ part }, usage]) => ({ promptIndex: part.promptIndex, usage }));
    const [only, ...others] = parts;
    return others.length === 0 ? only?.usage : mergeUsage(parts);
  }
}
