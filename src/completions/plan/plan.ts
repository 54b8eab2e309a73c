import { addExactly, toBigInt } from '../../common/exact-json.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { INT64_MAX } from '../../contract/field-rules.js';
import {
  choiceCountOf,
  isOnePrompt,
  type Prompt,
  promptLengthsOf,
  promptOf,
  promptsOf,
} from '../../contract/prompts.js';
import type { FeatureName } from '../../engines/feature-names.js';
import type { Candidate } from '../../routing/candidate.js';
import { adapt, type Adaptation, fittersOf, noFitters, splitOf } from './adaptation.js';
import { dialectFor } from '../dialects/choose.js';
import type { Dialect, SentBody } from '../dialects/dialect.js';
import { featureOf } from '../features/all.js';
import type { ChoiceFitter, Feature } from '../features/feature.js';
import { stop } from '../features/stop.js';
import { fimTemplateFor } from '../features/suffix.js';
import { PartBodies } from './part-bodies.js';
import { sentBody } from './sent-body.js';

/** One request to the upstream: the whole of what the client asked for, or one part of it. */
export interface Part {
  readonly dialect: Dialect;
  /** Writes the body. Called once: what it is written from is released then. `idSuffix` makes its id fields unique. */
  writeBody: (idSuffix: string) => string;
  /** Awaited before it is sent. */
  readonly prepare?: (count: (text: string) => Promise<number>) => Promise<void>;
  /** The first of the client's choices that it is for; the others follow. */
  readonly firstChoice: number;
  readonly choiceCount: number;
  /** The first of the client's prompts that it is for. */
  readonly promptIndex: number;
  /** Nothing in its answer is translated or emulated: a chunk with only a text may be passed on as it is. */
  readonly isPlain: boolean;
  /** New fitters of its choices, in running order. */
  readonly fitters: () => ChoiceFitter[];
}

/** How one candidate serves a request. */
export interface Plan {
  readonly parts: readonly [Part, ...Part[]];
  /** The emulated features that cost the engine something. */
  readonly emulated: readonly FeatureName[];
  /** There are more choices than the client gets: the best are picked. */
  readonly ranks: boolean;
  /** The gateway puts the prompt in front of the choices. */
  readonly prependsPrompt: boolean;
  /** The usage of a stream is counted by the engine's tokenizer. */
  readonly countsUsage: boolean;
  /** Characters of generated tokens are held back while they may begin a stop text. */
  readonly holdsTextBack: boolean;
  /** The gateway may end a choice before the upstream does. */
  readonly endsEarly: boolean;
}

/**
 * Plans a request for a candidate that supports it (see `judge`): what is sent, in how many parts, and what is emulated in
 * the answer. `features` are those in the body, where they are known.
 */
export function planRequest(
  asked: CreateCompletionDto,
  candidate: Candidate,
  features?: readonly Feature[],
  wantsTokenIds = false,
): Plan {
  const adaptation = adapt(asked, candidate, features);
  const { body, emulated } = adaptation;
  const dialect = dialectFor(body, candidate, wantsTokenIds);
  const sent = sentBody(adaptation, candidate);
  if (wantsTokenIds) sent.return_token_ids = true;
  if (dialect.isCollected) Object.assign(sent, { stream: true, stream_options: { include_usage: true } });
  const bodies = new PartBodies(sent, dialect, fimTemplateFor(body, candidate));
  const fitters = fittersOf(adaptation, {
    body,
    isEchoed: body.echo === true && !emulated.has('echo'),
    promptAt: (index) => promptOf(body, index),
    promptLengthAt: promptLengthsOf(body),
  });
  const isPlain = dialect.isContract === true && fitters === noFitters;
  const parts = partsOf(adaptation).map(({ fields, ...part }) => ({
    ...part,
    // A dialect that prepares has state: each part has its own.
    ...(dialect.prepare ? preparedBy(dialectFor(body, candidate, wantsTokenIds), sent, fields) : { dialect }),
    isPlain,
    fitters,
    writeBody: (idSuffix: string) => (fields ? bodies.part(fields, idSuffix) : bodies.whole(idSuffix)),
  }));
  return {
    parts: parts as [Part, ...Part[]],
    emulated: costly(emulated),
    ranks: emulated.has('best_of'),
    prependsPrompt: emulated.has('echo') || (asked.echo === true && body.echo !== true),
    countsUsage: emulated.has('stream_usage'),
    holdsTextBack: emulated.has('stop') || (candidate.upstream.profile.holdsTextBack === true && stop.isAsked(body)),
    endsEarly: emulated.has('stop'),
  };
}

function preparedBy(dialect: Dialect, sent: SentBody, fields?: SentBody): Pick<Part, 'dialect' | 'prepare'> {
  return { dialect, prepare: async (count) => dialect.prepare?.({ ...sent, ...fields }, count) };
}

const NOTHING: readonly FeatureName[] = [];

function costly(emulated: ReadonlySet<FeatureName>): readonly FeatureName[] {
  if (emulated.size === 0) return NOTHING;
  return [...emulated].filter((name) => featureOf(name).emulation?.cost !== undefined);
}

interface PlannedPart extends Pick<Part, 'firstChoice' | 'choiceCount' | 'promptIndex'> {
  /** The fields of this part alone. */
  fields?: SentBody;
}

function partsOf(adaptation: Adaptation): PlannedPart[] {
  const { body } = adaptation;
  const split = splitOf(adaptation);
  if (split === undefined) return [{ firstChoice: 0, choiceCount: choiceCountOf(body), promptIndex: 0 }];
  const prompts = promptsOf(body);
  const n = body.n ?? 1;
  // A prompt that all parts share stands among their common fields.
  const own = (prompt: Prompt): SentBody => (isOnePrompt(body) ? {} : { prompt });
  if (split === 'prompt') {
    return prompts.map((prompt, promptIndex) => ({
      firstChoice: promptIndex * n,
      choiceCount: n,
      promptIndex,
      fields: own(prompt),
    }));
  }
  return prompts.flatMap((prompt, promptIndex) =>
    Array.from({ length: n }, (_, choice) => ({
      firstChoice: promptIndex * n + choice,
      choiceCount: 1,
      promptIndex,
      fields: { ...own(prompt), n: undefined, ...seedOf(body, choice) },
    })),
  );
}

/** Choices with the same seed would have the same text. */
function seedOf({ seed }: CreateCompletionDto, choice: number): SentBody {
  if (seed === undefined || seed === null) return {};
  const next = addExactly(seed, choice);
  const isBeyond = typeof next !== 'number' && toBigInt(next) > INT64_MAX;
  return { seed: isBeyond ? addExactly(seed, -choice) : next };
}
