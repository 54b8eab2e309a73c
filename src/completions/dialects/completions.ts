import { serverSentEvents } from '../../upstreams/stream-framing.js';
import { readCompletion } from '../answer/upstream-completion.js';
import type { Dialect } from './dialect.js';

/** The endpoint that the gateway itself has. */
export const completionsDialect: Dialect = {
  path: '/completions',
  isContract: true,
  framing: serverSentEvents,
  write: (fields) => fields,
  read: readCompletion,
};
