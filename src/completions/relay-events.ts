import { EventStreamParser } from '../upstreams/event-stream.js';
import type { ClientConnection } from './client-connection.js';
import type { CompletionStream } from './completion-stream.js';
import type { PartReader } from './part-reader.js';

/**
 * Passes an upstream's stream on to the caller as fast as both go. All events of one read go out as one write.
 *
 * @throws {UpstreamError} when the upstream breaks off, errs or makes no sense; what came before has been delivered.
 * @throws {ClientGoneError}
 */
export async function relayEvents(
  body: AsyncIterable<Buffer>,
  part: PartReader,
  stream: CompletionStream,
  client: ClientConnection,
  answered: () => void,
): Promise<void> {
  const parser = new EventStreamParser();
  const reader = body[Symbol.asyncIterator]();
  try {
    for (let read = await reader.next(); !read.done; read = await reader.next()) {
      await sendAccepted(parser.push(read.value), part, stream, client, answered);
      if (!stream.isOver(part)) continue;
      if (part.hasDone) {
        void readOn(reader);
        return;
      }
      void reader.return?.();
      break;
    }
  } catch (error) {
    void reader.return?.();
    throw error;
  }
  const last = parser.end();
  if (last !== undefined) await sendAccepted([last], part, stream, client, answered);
  const owed = stream.end(part);
  if (owed !== '') await client.sendEvents(owed);
}

/**
 * Reads on to the end of the upstream's answer, which keeps its connection for the next request. Nobody waits for it: the
 * caller has everything, and the time limits end an upstream that does not.
 */
async function readOn(reader: AsyncIterator<Buffer>): Promise<void> {
  try {
    while (!(await reader.next()).done);
  } catch {
    // How the upstream closes its side is no concern of anybody.
  }
}

/** Sends what the events say, up to the one that cannot be used. */
async function sendAccepted(
  events: string[],
  part: PartReader,
  stream: CompletionStream,
  client: ClientConnection,
  answered: () => void,
): Promise<void> {
  let accepted = '';
  try {
    for (const data of events) accepted += stream.accept(part, data);
  } finally {
    if (accepted !== '') {
      answered();
      await client.sendEvents(accepted);
    }
  }
}
