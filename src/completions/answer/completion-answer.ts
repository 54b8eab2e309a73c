import { isUsage, type Usage } from '../../observability/usage.js';
import type { UpstreamCompletion } from './upstream-completion.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { pickBest } from '../features/best-of.js';
import { usageOfParts } from './merge-usage.js';
import type { PartReader } from '../stream/part-reader.js';

export interface CompletionAnswer {
  /** The body as the client gets it. */
  json: string;
  usage: Usage | undefined;
}

/** The upstream's whole answer to one part, and who reads it. */
export interface PartAnswer {
  reader: PartReader;
  json: string;
}

/**
 * The whole answer as the client gets it: under the requested model's name, its choices in the order of their index. What
 * needs no change is passed on byte for byte. `ranked` is what the client sent, when the best of the choices are asked for.
 *
 * @throws {UpstreamError} when it is no completion, or not what was asked for.
 */
export function toCompletionAnswer(
  answers: readonly [PartAnswer, ...PartAnswer[]],
  requestedModel: string,
  ranked: CreateCompletionDto | undefined,
): CompletionAnswer {
  const [first, ...others] = answers;
  const piece = first.reader.readWhole(first.json);
  const { completion } = piece;
  const isWhole = others.length === 0 && !ranked;
  if (isWhole && piece.isAsItCame && completion.model === requestedModel && isInOrder(completion)) {
    return { json: first.json, usage: isUsage(completion.usage) ? completion.usage : undefined };
  }
  const completions = [completion, ...others.map(({ reader, json }) => reader.readWhole(json).completion)];
  const choices = completions.flatMap((each) => each.choices).sort((a, b) => a.index - b.index);
  const usage = others.length === 0 ? completion.usage : usageOfParts(answers.map(({ reader }) => reader));
  const best = ranked ? pickBest(choices, ranked) : choices;
  // What is undefined is not written.
  const answer = { ...completion, model: requestedModel, choices: best, usage };
  return { json: JSON.stringify(answer), usage: isUsage(usage) ? usage : undefined };
}

function isInOrder({ choices }: UpstreamCompletion): boolean {
  return choices.every((choice, position) => position === 0 || choice.index > (choices[position - 1]?.index ?? -1));
}
