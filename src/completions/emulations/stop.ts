import type { LegacyLogprobs, UpstreamChoice } from '../canonical.js';
import { lengthInCodePoints } from '../code-points.js';
import { StopScanner } from '../stop-scanner.js';
import { asLegacy, selectTokens } from './legacy-logprobs.js';
import type { Emulation } from './emulation.js';

/** What was released of one choice, and what is still held back. */
class Scan {
  readonly scanner: StopScanner;
  isOver = false;
  /** The tokens of the text that is held back, with what the upstream said of them. */
  held: LegacyLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
  /** Where the released text ends, in characters as `text_offset` counts them; undefined before the first token. */
  releasedTo: number | undefined;

  constructor(stops: readonly string[]) {
    this.scanner = new StopScanner(stops);
  }
}

/** Ends each choice where one of the stop texts begins, for engines that do not look for them, or not for so many. */
export class StopAtTexts implements Emulation {
  private readonly scans = new Map<number, Scan>();

  constructor(private readonly stops: readonly string[]) {}

  fit(choice: UpstreamChoice): boolean {
    const scan = this.scans.get(choice.index) ?? new Scan(this.stops);
    this.scans.set(choice.index, scan);
    if (scan.isOver) return false;
    const { text, stopped } = scan.scanner.push(choice.text);
    scan.isOver = stopped || Boolean(choice.finish_reason);
    choice.text = scan.isOver && !stopped ? text + scan.scanner.finish() : text;
    if (stopped) choice.finish_reason = 'stop';
    choice.logprobs = releaseTokens(scan, choice, stopped);
    return choice.text !== '' || scan.isOver;
  }
}

/** The tokens that have a part in the released text; of a stop text and what follows, none. */
function releaseTokens(scan: Scan, choice: UpstreamChoice, stopped: boolean): UpstreamChoice['logprobs'] {
  const added = asLegacy(choice.logprobs);
  const { held } = scan;
  if (added) {
    scan.releasedTo ??= added.text_offset[0];
    held.tokens.push(...added.tokens);
    held.token_logprobs.push(...added.token_logprobs);
    held.top_logprobs.push(...added.top_logprobs);
    held.text_offset.push(...added.text_offset);
  }
  if (held.tokens.length === 0 || scan.releasedTo === undefined) return choice.logprobs ?? null;
  scan.releasedTo += lengthInCodePoints(choice.text);
  const { releasedTo } = scan;
  const isReleased = (at: number): boolean => (scan.isOver && !stopped) || (held.text_offset[at] ?? 0) < releasedTo;
  scan.held = selectTokens(held, (at) => !isReleased(at));
  return selectTokens(held, isReleased);
}
