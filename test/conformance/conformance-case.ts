import type { Body } from '../support/engines/asked.js';
import type { View } from './client-view.js';

/** A request, and what the contract promises for it besides what it promises for every request. */
export interface ConformanceCase {
  name: string;
  /** Without model and `stream`, which the suite adds. A function gets the text that `told` is answered with. */
  body: Body | ((text: string) => Body);
  /** A request whose text the body is made of. */
  told?: Body;
  /** The ways in which it is asked; both, if nothing is said. */
  ways?: readonly Way[];
  /** What is promised besides. */
  check?: (view: View, asked: Body) => void;
}

export type Way = 'json' | 'stream';

/** A story that does not end before its sixteenth token, with some characters of several bytes. */
export const PROMPT = 'The cat';
export const GREEDY = { prompt: PROMPT, temperature: 0, max_tokens: 8 };
export const SEEDED = { prompt: PROMPT, seed: 5, max_tokens: 8 };
