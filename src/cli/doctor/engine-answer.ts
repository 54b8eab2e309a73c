import { isUsage, type Usage } from '../../observability/usage.js';

export type Fields = Record<string, unknown>;

/** One choice, whichever endpoint it came from. */
export interface AnsweredChoice {
  index: unknown;
  text: string;
  finishReason: unknown;
  logprobs: unknown;
}

/** What an engine answered, good or bad. */
export interface EngineAnswer {
  /** 0 when there was no answer. */
  status: number;
  /** The body as JSON; undefined when it is none. */
  json: Fields | undefined;
  choices: AnsweredChoice[];
  usage: Usage | undefined;
  /** Why there is no good answer, in the engine's words where it has any. */
  message: string;
}

/** The part of a stream that was read. */
export interface EngineStream extends EngineAnswer {
  /** Whether its content type is that of the endpoint's streams. */
  isStream: boolean;
  contentType: string;
  /** The events without `[DONE]`, each as JSON; null where the engine sent that. */
  chunks: (Fields | null)[];
  hasDone: boolean;
  /** It was left because enough had been seen. */
  isCut: boolean;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Status 200, and at least one choice with a text. */
export function isGood(answer: EngineAnswer): boolean {
  return answer.status === 200 && answer.choices.length > 0;
}

/** The text of the choice with the index 0, or of the first one. */
export function textOf(answer: EngineAnswer, index = 0): string {
  return (answer.choices.find((choice) => choice.index === index) ?? answer.choices[index])?.text ?? '';
}

export function noAnswer(message: string): EngineAnswer {
  return { status: 0, json: undefined, choices: [], usage: undefined, message };
}

export function readAnswer(status: number, body: string): EngineAnswer {
  const json = parse(body);
  if (!isFields(json)) {
    const message = status === 200 ? `an answer that is no JSON object: ${body.slice(0, 200)}` : body.slice(0, 200);
    return { ...noAnswer(message), status };
  }
  const choices = 'error' in json && json.error !== null ? [] : choicesOf(json);
  const usage = isUsage(json.usage) ? json.usage : undefined;
  return { status, json, choices, usage, message: messageOf(json) ?? body.slice(0, 200) };
}

/** A stream's chunks put together to choices. */
export function readStream(
  status: number,
  events: readonly string[],
  seen: Pick<EngineStream, 'hasDone' | 'isCut' | 'contentType' | 'isStream'>,
): EngineStream {
  const chunks = events.map(parse).map((event) => (isFields(event) ? event : null));
  const choices = new Map<unknown, AnsweredChoice>();
  for (const part of chunks.flatMap((chunk) => (chunk ? choicesOf(chunk) : []))) {
    const known = choices.get(part.index);
    if (!known) {
      choices.set(part.index, { ...part });
      continue;
    }
    known.text += part.text;
    known.finishReason = part.finishReason ?? known.finishReason;
    known.logprobs ??= part.logprobs;
  }
  const error = chunks.find((chunk) => chunk !== null && 'error' in chunk && chunk.error !== null);
  return {
    status,
    ...seen,
    chunks,
    json: undefined,
    choices: error ? [] : [...choices.values()],
    usage: chunks.map((chunk) => chunk?.usage).findLast(isUsage),
    message: error ? (messageOf(error) ?? 'an error in the stream') : 'a stream without a text',
  };
}

export function choicesOf({ choices }: Fields): AnsweredChoice[] {
  if (!Array.isArray(choices)) return [];
  return choices.filter(isFields).map((choice) => ({
    index: choice.index,
    text: textIn(choice),
    finishReason: choice.finish_reason,
    logprobs: choice.logprobs,
  }));
}

/** `text`, or what the message of a chat has in its place. */
function textIn({ text, message, delta }: Fields): string {
  const said = isFields(message) ? message.content : isFields(delta) ? delta.content : text;
  return typeof said === 'string' ? said : '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The message of an error, in any of the engines' shapes. */
function messageOf({ error, message, detail }: Fields): string | undefined {
  for (const said of [isFields(error) ? error.message : error, message, detail]) {
    if (typeof said === 'string' && said !== '') return said;
    if (Array.isArray(said)) return JSON.stringify(said);
  }
  return undefined;
}
