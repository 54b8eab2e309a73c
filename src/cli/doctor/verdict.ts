/** What an engine does with one thing that it was asked for. */
export type Verdict =
  | { is: 'honoured'; note?: string }
  | { is: 'ignored'; note?: string }
  | { is: 'refused'; status: number; note?: string }
  /** It deviates; `note` says how. */
  | { is: 'deviates'; note: string; isChatShape?: true }
  /** Inconclusive; `note` says why. */
  | { is: 'unclear'; note: string };

export const honoured = (note?: string): Verdict => ({ is: 'honoured', ...(note && { note }) });
export const ignored = (note?: string): Verdict => ({ is: 'ignored', ...(note && { note }) });
export const refused = (status: number, note?: string): Verdict => ({ is: 'refused', status, ...(note && { note }) });
export const deviates = (note: string): Verdict => ({ is: 'deviates', note });
export const unclear = (note: string): Verdict => ({ is: 'unclear', note });

/** Thrown in the middle of a probe by the answer that decides it. */
export class Decided extends Error {
  override readonly name = 'Decided';

  constructor(readonly verdict: Verdict) {
    super(verdict.is);
  }
}

const LONGEST_NOTE_CHARACTERS = 110;

/** A verdict in words, on one line. */
export function verdictText(verdict: Verdict): string {
  const note = verdict.note === undefined ? '' : shorten(verdict.note.replace(/\s+/g, ' '));
  switch (verdict.is) {
    case 'honoured':
    case 'ignored':
      return note === '' ? verdict.is : `${verdict.is} (${note})`;
    case 'refused':
      return `refused (${verdict.status})${note === '' ? '' : `: ${note}`}`;
    case 'deviates':
    case 'unclear':
      return `${verdict.is}: ${note}`;
  }
}

function shorten(text: string): string {
  const characters = [...text];
  if (characters.length <= LONGEST_NOTE_CHARACTERS) return text;
  return `${characters.slice(0, LONGEST_NOTE_CHARACTERS - 1).join('')}…`;
}
