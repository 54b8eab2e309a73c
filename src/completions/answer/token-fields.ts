import type { UpstreamChoice, UpstreamCompletion } from './upstream-completion.js';
import { lengthInCodePoints } from '../../common/code-points.js';
import { asLegacy } from './legacy-logprobs.js';

/** Lists with an id for each generated token: vLLM's (asked for with `return_token_ids`), and llama.cpp's. */
const TOKEN_LISTS = ['token_ids', 'tokens'];
/** What the engine stopped at: vLLM's, and SGLang's. */
const END_REASONS = ['stop_reason', 'matched_stop'];
/** Data on the generated tokens that cannot be cut to fewer: SGLang's, vLLM's, and llama.cpp's `verbose`. */
const OPAQUE = ['hidden_states', 'routed_experts', '__verbose'];

type Fields = Record<string, unknown>;

/** Removes what a completion says, outside of its choices, about tokens that an emulation cuts. */
export function dropTokenFields(completion: UpstreamCompletion): void {
  drop(completion, TOKEN_LISTS);
  drop(completion, OPAQUE);
}

/**
 * Empties the token fields of a choice whose generated tokens are all cut. The lists of an engine that echoes may include the
 * prompt's ids: they are removed.
 */
export function emptyTokenFields(choice: UpstreamChoice, isEchoed: boolean): void {
  const fields = choice as unknown as Fields;
  if (isEchoed) drop(fields, TOKEN_LISTS);
  for (const name of TOKEN_LISTS) if (Array.isArray(fields[name])) fields[name] = [];
  for (const name of END_REASONS) if (fields[name] !== undefined) fields[name] = null;
  drop(fields, OPAQUE);
}

function drop(fields: object, names: readonly string[]): void {
  for (const name of names) if (name in fields) Reflect.deleteProperty(fields, name);
}

/** Ids that are held back together: of one token, or of a piece whose text cannot be divided among its tokens. */
interface HeldIds {
  name: string;
  ids: unknown[];
  /** Where its text begins and ends, in characters from the start of the choice. A token is released with its first one. */
  begin: number;
  end: number;
}

/** The token lists of a choice whose text is held back and cut: each id is held, released and cut with its text. */
export class HeldTokenIds {
  private held: HeldIds[] = [];
  private readonly names = new Set<string>();
  /** In characters from the start of the choice. */
  private receivedTo = 0;
  private releasedTo = 0;
  /** What the upstream's own offsets count from. */
  private base: number | undefined;

  /** Call with the choice as the engine sent it. */
  add(choice: UpstreamChoice): void {
    const fields = choice as unknown as Fields;
    const begin = this.receivedTo;
    const end = begin + lengthInCodePoints(choice.text);
    this.receivedTo = end;
    const lists = TOKEN_LISTS.filter((name) => Array.isArray(fields[name]));
    if (lists.length === 0) return;
    const offsets = asLegacy(choice.logprobs)?.text_offset ?? [];
    if (offsets[0] !== undefined) this.base ??= offsets[0] - begin;
    for (const name of lists) {
      this.names.add(name);
      const ids = fields[name] as unknown[];
      if (ids.length !== offsets.length) {
        this.held.push({ name, ids, begin, end: ids.length === 1 ? begin + 1 : end });
        continue;
      }
      for (const [at, id] of ids.entries()) {
        const from = (offsets[at] ?? 0) - (this.base ?? 0);
        this.held.push({ name, ids: [id], begin: from, end: from + 1 });
      }
    }
  }

  /**
   * Sets the ids of a choice whose text is what is released now. `isStopped`: the rest is cut. A list that would have to be
   * cut within a piece is removed.
   */
  release(choice: UpstreamChoice, isOver: boolean, isStopped: boolean): void {
    const fields = choice as unknown as Fields;
    this.releasedTo += lengthInCodePoints(choice.text);
    const isReleased = ({ end }: HeldIds): boolean => (isOver && !isStopped) || end <= this.releasedTo;
    const isCut = ({ begin, end }: HeldIds): boolean => isStopped && begin < this.releasedTo && end > this.releasedTo;
    for (const name of this.names) {
      const held = this.held.filter((each) => each.name === name);
      if (held.some(isCut)) Reflect.deleteProperty(fields, name);
      else fields[name] = held.filter(isReleased).flatMap(({ ids }) => ids);
    }
    this.held = this.held.filter((each) => !isReleased(each));
    if (isStopped) drop(fields, [...END_REASONS, ...OPAQUE]);
  }
}
