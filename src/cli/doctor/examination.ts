import { type EngineAnswer, type EngineStream, type Fields, isFields, isGood, textOf } from './engine-answer.js';
import { type EngineClient, FIRST_TIME_LIMIT_MS, type Subject } from './engine-client.js';
import { Decided, deviates, refused, unclear, type Verdict } from './verdict.js';

/** Prompts that models continue differently. */
export const PROMPTS = [
  ...['Once upon a time', 'The sun is', 'My cat said', 'In the morning', 'One day, a boy', 'She looked at the'],
  ...['There was a house', 'The old man had', 'We went to the sea', 'It was a very'],
] as const;

/** The longest greedy text that a probe looks at, but for those that need a repetition. */
const LONGEST_TOKENS = 16;

/** A request in the contract's words, without the model. */
export type Body = Fields;

/** Statuses with which engines refuse a request. The others say nothing about it. */
const REFUSALS = new Set([400, 404, 405, 409, 413, 415, 422, 500, 501]);

/**
 * One examination of one server: what the probes ask through, and what they know from each other.
 *
 * Answers to the same greedy request are remembered: most probes compare with one that another has asked for.
 */
export class Examination {
  /** What was found so far, by the name of the probe. */
  readonly findings = new Map<string, Verdict>();
  private readonly known = new Map<string, Promise<EngineAnswer>>();
  private readonly knownStreams = new Map<string, Promise<EngineStream>>();
  private readonly knownTokens = new Map<string, Promise<number[] | undefined>>();

  /** The prompt of most probes. */
  prompt: string = PROMPTS[0];

  /** What switches off the engine's own sampling options, where they leave nothing to chance. */
  hotOptions: Body = {};

  constructor(readonly client: EngineClient) {}

  get subject(): Subject {
    return this.client.subject;
  }

  /** The plain greedy request that every probe builds on. */
  async begin(): Promise<EngineAnswer> {
    const body = this.greedyBody();
    const answer = this.client.ask(body, FIRST_TIME_LIMIT_MS);
    this.known.set(JSON.stringify(body), answer);
    if (isGood(await answer)) this.prompt = await this.longestGoing();
    return answer;
  }

  /** A short request at temperature 0. */
  greedyBody(maxTokens = 8, prompt: unknown = this.prompt): Body {
    return { prompt, max_tokens: maxTokens, temperature: 0 };
  }

  /** One that is hot, so that texts which may differ do. */
  hotBody(maxTokens = 12): Body {
    return { prompt: this.prompt, max_tokens: maxTokens, temperature: 2, ...this.hotOptions };
  }

  isHonoured(name: string): boolean {
    return this.findings.get(name)?.is === 'honoured';
  }

  /** Undefined where it is not refused. */
  refusalOf(name: string): Verdict | undefined {
    const verdict = this.findings.get(name);
    return verdict?.is === 'refused' ? verdict : undefined;
  }

  /** Whether something is done about it, right or not quite. */
  isTaken(name: string): boolean {
    const is = this.findings.get(name)?.is;
    return is === 'honoured' || is === 'deviates';
  }

  /**
   * A good answer to `body`, which works when what is examined is left out of it, as in `control`.
   *
   * @throws {Decided} refused, when `control` is answered and `body` is not; unclear, when neither is.
   */
  async good(body: Body, control: Body = this.greedyBody()): Promise<EngineAnswer> {
    const answer = await this.client.ask(body);
    if (!isGood(answer)) await this.explain(answer, control);
    return answer;
  }

  /** The same for a stream, the control of which is a stream, too. */
  async goodStream(
    body: Body,
    control: Body = this.greedyBody(),
    enough?: (text: string) => boolean,
  ): Promise<EngineStream> {
    const stream = await this.client.stream(body, enough);
    if (isGood(stream)) return stream;
    const plain = await this.streamOf(control);
    if (!isGood(plain)) throw new Decided(unclear(`a stream is refused also without it: ${plain.message}`));
    throw new Decided(judgeBad(stream));
  }

  /**
   * A stream of what works without `stream`.
   *
   * @throws {Decided} deviates, when it does not work there.
   */
  async alsoStreamed(body: Body): Promise<EngineStream> {
    const stream = await this.client.stream(body);
    if (isGood(stream)) return stream;
    const plain = await this.streamOf(this.greedyBody());
    if (!isGood(plain)) throw new Decided(unclear(`works without stream, and streams fail: ${reasonOf(plain)}`));
    const verdict = judgeBad(stream);
    throw new Decided(verdict.is === 'unclear' ? verdict : deviates(`not in streams: ${reasonOf(stream)}`));
  }

  /** A good answer that may be one from before. */
  async remembered(body: Body): Promise<EngineAnswer> {
    const answer = await this.asked(body);
    if (!isGood(answer)) throw new Decided(unclear(`what it is compared with fails: ${reasonOf(answer)}`));
    return answer;
  }

  /** What comes next at temperature 0. */
  async greedy(maxTokens = 8, prompt: unknown = this.prompt): Promise<string> {
    return textOf(await this.remembered(this.greedyBody(maxTokens, prompt)));
  }

  /** The stream of a request, which may be one from before. */
  streamOf(body: Body): Promise<EngineStream> {
    return remember(this.knownStreams, body, () => this.client.stream(body));
  }

  /** The ids of a text's tokens, by the tokenizer of whichever engine has one to ask; undefined when none has. */
  tokensOf(text: string): Promise<number[] | undefined> {
    return remember(this.knownTokens, { text }, async () => {
      const { model } = this.subject;
      // vLLM and SGLang read `prompt`, llama.cpp `content`, TGI `inputs`; llama-cpp-python has a path of its own.
      const names = { prompt: text, content: text, inputs: text, add_special_tokens: true, add_special: true };
      for (const [path, body] of [
        ['/tokenize', { model, ...names }],
        ['/extras/tokenize', { model, input: text }],
      ] as const) {
        const { status, json } = await this.client.post(path, body);
        const ids = status === 200 ? tokenIdsIn(json) : undefined;
        if (ids) return ids;
      }
      return undefined;
    });
  }

  /** The first prompt whose text does not end by itself before any of the probes would end it; else the longest. */
  private async longestGoing(): Promise<string> {
    let best = { prompt: PROMPTS[0] as string, length: -1 };
    for (const prompt of PROMPTS) {
      const text = textOf(await this.asked(this.greedyBody(LONGEST_TOKENS, prompt)));
      const longer = textOf(await this.asked(this.greedyBody(LONGEST_TOKENS + 1, prompt)));
      if (longer.length > text.length && longer.startsWith(text)) return prompt;
      if (text.length > best.length) best = { prompt, length: text.length };
    }
    return best.prompt;
  }

  private asked(body: Body): Promise<EngineAnswer> {
    return remember(this.known, body, () => this.client.ask(body));
  }

  private async explain(answer: EngineAnswer, control: Body): Promise<never> {
    const plain = await this.asked(control);
    throw new Decided(
      isGood(plain) ? judgeBad(answer) : unclear(`the same request fails without it: ${reasonOf(plain)}`),
    );
  }
}

/** The verdict of an answer that is an error. */
export function judgeBad(answer: EngineAnswer): Verdict {
  if (answer.status === 200) return { is: 'deviates', note: '200 without choices' };
  return REFUSALS.has(answer.status) ? refused(answer.status, answer.message) : unclear(reasonOf(answer));
}

export function reasonOf({ status, message }: EngineAnswer): string {
  return status === 0 ? message : `HTTP ${status}: ${message}`;
}

function tokenIdsIn(json: unknown): number[] | undefined {
  const list: unknown = isFields(json) ? json.tokens : json;
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const ids = list.map((token: unknown) => (isFields(token) ? token.id : token));
  return ids.every((id) => Number.isSafeInteger(id)) ? (ids as number[]) : undefined;
}

function remember<T>(known: Map<string, Promise<T>>, body: Body, ask: () => Promise<T>): Promise<T> {
  const key = JSON.stringify(body);
  const before = known.get(key);
  if (before) return before;
  const answer = ask();
  known.set(key, answer);
  return answer;
}
