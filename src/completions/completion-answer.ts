import { isUsage, type Usage } from '../telemetry/usage.js';
import { readCompletion } from './canonical.js';
import { UpstreamError } from '../upstreams/upstream-error.js';

export interface CompletionAnswer {
  /** The body as the caller gets it. */
  json: string;
  usage: Usage | undefined;
}

/**
 * An upstream's whole answer as the caller gets it: under the requested model's name, its choices in the order of their
 * index. What needs no change is passed on byte for byte.
 *
 * @throws {UpstreamError} when it is no completion.
 */
export function toCompletionAnswer(json: string, requestedModel: string): CompletionAnswer {
  const completion = readCompletion(json);
  if (!completion) throw new UpstreamError('answered', 'null for an answer');
  const { choices } = completion;
  const usage = isUsage(completion.usage) ? completion.usage : undefined;
  const isInOrder = choices.every(
    (choice, position) => position === 0 || choice.index > (choices[position - 1]?.index ?? -1),
  );
  if (completion.model === requestedModel && isInOrder) return { json, usage };
  choices.sort((a, b) => a.index - b.index);
  return { json: JSON.stringify({ ...completion, model: requestedModel }), usage };
}
