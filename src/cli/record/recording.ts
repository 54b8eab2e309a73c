import { readFileSync } from 'node:fs';
import type { Engine } from '../../engines/engine-names.js';

/** One request as it was sent to an engine. */
export interface SentRequest {
  method: 'GET' | 'POST';
  /** From the root of the server. */
  path: string;
  /** As it stood on the wire. */
  body?: string;
}

/** What came for it, byte by byte. */
export interface ReceivedAnswer {
  /** 0: none came. */
  status: number;
  /** Lower case, in order of arrival; without `date` and connection headers. */
  headers: Record<string, string>;
  /** The body in the pieces in which it arrived: all of them together are its text. */
  pieces: string[];
  /** `hung_up`: by us; `broken`: the connection ended before the answer did. */
  end: 'whole' | 'hung_up' | 'broken';
}

export interface Exchange {
  name: string;
  request: SentRequest;
  answer: ReceivedAnswer;
}

/** Every answer of one version of one engine. */
export interface Recording {
  engine: Engine;
  version: string;
  /** The engine's name for the model that was asked. */
  model: string;
  exchanges: Exchange[];
}

/** One line for what was asked, and one for each exchange: a newer recording differs from an older one by lines. */
export function writeRecording({ exchanges, ...head }: Recording): string {
  return [head, ...exchanges].map((line) => `${JSON.stringify(line)}\n`).join('');
}

export function readRecording(file: string): Recording {
  const [head = '{}', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const exchanges = lines.map((line) => JSON.parse(line) as Exchange);
  return { ...(JSON.parse(head) as Omit<Recording, 'exchanges'>), exchanges };
}

export const bodyOf = ({ pieces }: ReceivedAnswer): string => pieces.join('');
