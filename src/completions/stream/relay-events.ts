import type { AnswerBody } from '../../upstreams/answer-body.js';
import { reading, unreadableAnswer } from '../../upstreams/unreadable-answer.js';
import type { AnswerSink } from '../../http/answer-sink.js';
import type { CompletionStream } from './completion-stream.js';
import type { PartReader } from './part-reader.js';

/**
 * Relays an upstream's stream to the client, at the pace of the slower: each piece is handed to `sink` within the call that
 * brings it.
 *
 * Resolves when the client has all of the part or, after the last part of a stream, when all is on its way. The rest of the
 * upstream's answer is read in the background, which keeps its connection for the next request; the time limits end an
 * upstream that does not end.
 *
 * @throws {UpstreamError} when the upstream breaks off, errs or makes no sense; what came before has been delivered.
 * @throws {ClientGoneError}
 */
export function relayEvents(
  body: AnswerBody,
  part: PartReader,
  stream: CompletionStream,
  sink: AnswerSink,
  answered: () => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const parser = part.part.dialect.framing.newParser();
  const hasEnded = (): boolean => part.hasEnded;
  const take = (piece: Buffer): void | Promise<void> => {
    if (hasEnded()) return undefined;
    const sending = sendAccepted(parser.push(piece), part, stream, sink, answered);
    if (!stream.isOver(part)) return sending;
    if (!hasEnded()) body.leave();
    else if (sending && stream.state !== 'done') return sending.then(resolve);
    else resolve();
    return sending;
  };
  const end = async (): Promise<void> => {
    if (hasEnded()) return;
    const last = parser.end();
    if (last !== undefined) await sendAccepted([last], part, stream, sink, answered);
    const owed = reading(() => stream.end(part));
    if (owed !== '') await sink.sendEvents(owed);
  };
  body.readEach(take).then(end).then(resolve, reject);
  return promise;
}

/** Sends the events, up to the first that cannot be used. */
function sendAccepted(
  events: readonly string[],
  part: PartReader,
  stream: CompletionStream,
  sink: AnswerSink,
  answered: () => void,
): Promise<void> | undefined {
  let accepted = '';
  const send = (): Promise<void> | undefined => {
    if (accepted === '') return undefined;
    answered();
    return sink.sendEvents(accepted);
  };
  try {
    for (const data of events) accepted += stream.accept(part, data);
  } catch (thrown) {
    const error = unreadableAnswer(thrown);
    const sending = send();
    if (!sending) throw error;
    return sending.then(() => Promise.reject(error));
  }
  return send();
}
