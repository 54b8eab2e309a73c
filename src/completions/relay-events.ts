import { EventStreamParser } from '../upstreams/event-stream.js';
import type { ClientConnection } from './client-connection.js';
import type { CompletionStream } from './completion-stream.js';

/**
 * Passes an upstream's stream on to the caller as fast as both go. All events of one read go out as one write.
 *
 * @throws {UpstreamError} when the upstream breaks off, errs or makes no sense; what came before has been delivered.
 * @throws {ClientGoneError}
 */
export async function relayEvents(
  body: AsyncIterable<Buffer>,
  stream: CompletionStream,
  client: ClientConnection,
  answered: () => void,
): Promise<void> {
  const parser = new EventStreamParser();
  for await (const bytes of body) {
    await sendAccepted(parser.push(bytes), stream, client, answered);
    // Reading on to the end of the upstream's answer keeps its connection for the next request.
    if (stream.isDone) client.end();
  }
  const last = parser.end();
  if (last !== undefined) await sendAccepted([last], stream, client, answered);
  const owed = stream.end();
  if (owed !== '') await client.sendEvents(owed);
  client.end();
}

/** Sends what the events say, up to the one that cannot be used. */
async function sendAccepted(
  events: string[],
  stream: CompletionStream,
  client: ClientConnection,
  answered: () => void,
): Promise<void> {
  let accepted = '';
  try {
    for (const data of events) accepted += stream.accept(data);
  } finally {
    if (accepted !== '') {
      answered();
      await client.sendEvents(accepted);
    }
  }
}
