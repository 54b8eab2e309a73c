import type { UpstreamChoice, UpstreamCompletion } from './upstream-completion.js';
import { lengthInCodePoints } from '../../common/code-points.js';
import { asLegacy } from './legacy-logprobs.js';

/** An entry for each generated token: vLLM's `token_ids` (asked for with `return_token_ids`), llama.cpp's `tokens`. */
const TOKEN_LISTS = ['token_ids', 'tokens'];
/** What the engine stopped at: vLLM's, and SGLang's. */
const END_REASONS = ['stop_reason', 'matched_stop'];
/** The generated tokens in a form that cannot be cut here: SGLang's, vLLM's, and llama.cpp's `verbose`. */
const COPIES = ['hidden_states', 'routed_experts', '__verbose'];

type Fields = Record<string, unknown>;

/** Removes fields that repeat, beside the choices, what an emulation changes in them. */
export function dropMirrors(completion: UpstreamCompletion): void {
  drop(completion, TOKEN_LISTS);
  drop(completion, COPIES);
}

/**
 * Empties the lists of a choice that is left without a generated token. Where the engine echoes, they may hold the prompt's
 * ids as well, and are removed.
 */
export function emptyMirrors(choice: UpstreamChoice, isEchoed: boolean): void {
  const fields = choice as unknown as Fields;
  if (isEchoed) drop(fields, TOKEN_LISTS);
  for (const name of TOKEN_LISTS) if (Array.isArray(fields[name])) fields[name] = [];
  for (const name of END_REASONS) if (fields[name] !== undefined) fields[name] = null;
  drop(fields, COPIES);
}

function drop(fields: object, names: readonly string[]): void {
  for (const name of names) if (name in fields) Reflect.deleteProperty(fields, name);
}

/** Ids held back together: those of one token, or of a piece whose text cannot be divided here. */
interface HeldIds {
  name: string;
  ids: unknown[];
  /** Where its text begins and ends, in characters from the start of the choice; a token is released with its first one. */
  begin: number;
  end: number;
}

/** The token lists of a choice whose text is held back, and cut: each id goes with its text. */
export class HeldMirrors {
  private held: HeldIds[] = [];
  private readonly names = new Set<string>();
  /** Characters that have come, and that were released. */
  private cameTo = 0;
  private releasedTo = 0;
  /** What the upstream's own offsets count from. */
  private base: number | undefined;

  /** Call with the choice as it came. */
  add(choice: UpstreamChoice): void {
    const fields = choice as unknown as Fields;
    const begin = this.cameTo;
    const end = begin + lengthInCodePoints(choice.text);
    this.cameTo = end;
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
   * Gives the choice, whose text is what is released of it now, the ids that go with it. `isStopped`: the rest is cut off.
   * A list that would have to be cut within a piece is removed.
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
    if (isStopped) for (const names of [END_REASONS, COPIES]) drop(fields, names);
  }
}
