import { choiceHasExtraFields } from '../answer/answer-fields.js';
import type { LegacyLogprobs, UpstreamChoice } from '../answer/upstream-completion.js';
import { lengthInCodePoints } from '../../common/code-points.js';
import { StopScanner, StopStrings } from '../../common/stop-scanner.js';
import { asLegacy, sliceTokens } from '../answer/legacy-logprobs.js';
import { HeldTokenIds } from '../answer/token-fields.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import type { ChoiceFitter, Feature } from './feature.js';

const stopsOf = ({ stop: texts }: CreateCompletionDto): string[] => [texts ?? []].flat();

export const stop: Feature = {
  name: 'stop',
  param: 'stop',
  asks: 'texts to stop at',
  isAsked: ({ stop: texts }) => typeof texts === 'string' || (texts?.length ?? 0) > 0,
  isOmittedUnlessAsked: true,
  emulation: {
    how: 'the text is searched as it comes, held back as far as it may begin a stop text, and cut',
    cost: 'what it generates past the text, where it does not find it itself; a stream is aborted there',
    /** Sends as many as the engine accepts: where it stops by itself, it generates nothing in vain. */
    rewrite(sent, body, { stopLimit = 0 }) {
      const stops = stopsOf(body).slice(0, stopLimit);
      sent.stop = stops.length > 0 ? stops : undefined;
    },
    fit: ({ body }) => new StopAtTexts(stopsOf(body)),
  },
};

export const stopText: Feature = {
  name: 'stop_text',
  param: 'stop',
  asks: '`stop` as one text, without a list around it',
  isAsked: ({ stop: texts }) => typeof texts === 'string',
  emulation: {
    how: 'a list is sent',
    rewrite: (sent) => {
      if (typeof sent.stop === 'string') sent.stop = [sent.stop];
    },
  },
};

/** The state of one choice. */
class Scan {
  readonly scanner: StopScanner;
  readonly held = new HeldTokens();
  readonly tokenIds = new HeldTokenIds();
  isOver = false;
  /** Where the released text ends, in characters as `text_offset` counts them; undefined before the first token. */
  releasedTo: number | undefined;

  constructor(stops: StopStrings) {
    this.scanner = new StopScanner(stops);
  }
}

/** Ends each choice where one of the stop texts begins, for engines that do not look for them, or not for so many. */
export class StopAtTexts implements ChoiceFitter {
  readonly stage = 'cut';
  private readonly stops: StopStrings;
  private readonly scans = new Map<number, Scan>();

  constructor(stops: readonly string[]) {
    this.stops = new StopStrings(stops);
  }

  fit(choice: UpstreamChoice): boolean {
    const scan = this.scans.get(choice.index) ?? new Scan(this.stops);
    this.scans.set(choice.index, scan);
    if (scan.isOver) return false;
    scan.tokenIds.add(choice);
    const { text, stopped } = scan.scanner.push(choice.text);
    scan.isOver = stopped || Boolean(choice.finish_reason);
    choice.text = scan.isOver && !stopped ? text + scan.scanner.finish() : text;
    if (stopped) choice.finish_reason = 'stop';
    choice.logprobs = releaseTokens(scan, choice, stopped);
    scan.tokenIds.release(choice, scan.isOver, stopped);
    return choice.text !== '' || scan.isOver || choiceHasExtraFields(choice);
  }
}

/** The tokens that have a part in the released text; of a stop text and what follows, none. */
function releaseTokens(scan: Scan, choice: UpstreamChoice, stopped: boolean): UpstreamChoice['logprobs'] {
  const added = asLegacy(choice.logprobs);
  if (added) {
    scan.releasedTo ??= added.text_offset[0];
    scan.held.add(added);
  }
  if (scan.held.isEmpty || scan.releasedTo === undefined) return choice.logprobs ?? null;
  scan.releasedTo += lengthInCodePoints(choice.text);
  return scan.held.release(scan.isOver && !stopped ? Infinity : scan.releasedTo);
}

/** The tokens of the held-back text, with the upstream's data, in order. */
class HeldTokens {
  private lists = noTokens();
  /** Those before it have been released. */
  private first = 0;

  get isEmpty(): boolean {
    return this.first === this.lists.tokens.length;
  }

  add({ tokens, token_logprobs, top_logprobs, text_offset }: LegacyLogprobs): void {
    const { lists } = this;
    for (const [at, token] of tokens.entries()) {
      lists.tokens.push(token);
      lists.token_logprobs.push(token_logprobs[at] ?? null);
      lists.top_logprobs.push(top_logprobs[at] ?? null);
      lists.text_offset.push(text_offset[at] ?? 0);
    }
  }

  /** The tokens up to the first that begins at `offset` or later. Each is looked at once more, when it is released. */
  release(offset: number): LegacyLogprobs {
    const { lists, first } = this;
    let end = first;
    while (end < lists.tokens.length && (lists.text_offset[end] ?? 0) < offset) end++;
    const released = sliceTokens(lists, first, end);
    this.first = end;
    // What stays is copied when it is the smaller part: as many were released for it.
    if (end > lists.tokens.length / 2) {
      this.lists = sliceTokens(lists, end);
      this.first = 0;
    }
    return released;
  }
}

function noTokens(): LegacyLogprobs {
  return { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
}
