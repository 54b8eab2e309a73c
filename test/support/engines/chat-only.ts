import { randomUUID } from 'node:crypto';
import { type Asked, type Body, readAsked, UNLIMITED } from './asked.js';
import { type ChunkPart, Dialect, type Refusal, type Told } from './dialect.js';
import { chatLogprobs } from './logprobs.js';
import type { Entry, Outcome } from './run.js';

/** A server with only `/v1/chat/completions`, in OpenAI's shape. The content of the messages is the prompt as it is. */
export class ChatOnly extends Dialect {
  override readonly path: string = '/v1/chat/completions';

  override refuse(body: Body): Refusal | undefined {
    if (!isListOfMessages(body.messages)) return { status: 400, message: "'messages' must be a list of messages" };
    const other = ['prompt', 'suffix', 'echo', 'best_of'].find((name) => name in body);
    if (other !== undefined) return { status: 400, message: `Unrecognized request argument supplied: ${other}` };
    if (typeof body.logprobs === 'number') return { status: 400, message: "'logprobs' must be a boolean" };
    if (body.top_logprobs !== undefined && body.logprobs !== true) {
      return { status: 400, message: "'top_logprobs' needs 'logprobs' to be true" };
    }
    if (limitOf(body) === 0) return { status: 400, message: "'max_tokens' must be at least 1" };
    return super.refuse({ ...body, prompt: '' });
  }

  override read(body: Body): Asked {
    const messages = body.messages as { content: string }[];
    const prompt = messages.map(({ content }) => content).join('\n');
    const asked = readAsked({ ...body, prompt, logprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : null });
    return { ...asked, maxTokens: limitOf(body) ?? UNLIMITED };
  }

  protected override newId(): string {
    return `chatcmpl-${randomUUID()}`;
  }

  override answer(asked: Asked, outcome: Outcome): object {
    return { ...super.answer(asked, outcome), object: 'chat.completion' };
  }

  override events(asked: Asked, outcome: Outcome): string[] {
    const replace = (event: string): string => event.replace('"text_completion"', '"chat.completion.chunk"');
    return super.events(asked, outcome).map(replace);
  }

  protected override choiceOf(told: Told): object {
    const { text, ...choice } = super.choiceOf(told) as { text: string };
    return { ...choice, message: { role: 'assistant', content: text, refusal: null } };
  }

  /** The first chunk of each choice has the role, and the last one nothing. */
  protected override partsOf(told: Told): ChunkPart[] {
    return [{ text: '', entries: [], ended: null }, ...super.partsOf(told)];
  }

  protected override chunkChoiceOf(part: ChunkPart, told: Told): object {
    const { text, ...choice } = super.chunkChoiceOf(part, told) as { text: string };
    if (part.ended !== null) return { ...choice, delta: {} };
    const isFirst = part.entries.length === 0 && text === '';
    return { ...choice, delta: isFirst ? { role: 'assistant', content: '' } : { content: text } };
  }

  protected override logprobsOf(entries: readonly Entry[], { asked: { topLogprobs } }: Told): unknown {
    return topLogprobs === undefined ? null : { ...chatLogprobs(entries, topLogprobs), refusal: null };
  }
}

function limitOf(body: Body): number | undefined {
  const limit = body.max_completion_tokens ?? body.max_tokens;
  return typeof limit === 'number' ? limit : undefined;
}

function isListOfMessages(messages: unknown): boolean {
  const isMessage = (message: unknown): boolean =>
    typeof (message as { content?: unknown } | null)?.content === 'string';
  return Array.isArray(messages) && messages.length > 0 && messages.every(isMessage);
}
