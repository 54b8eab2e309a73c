import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import type { Prompt } from '../../contract/prompts.js';
import type { EngineProfile } from '../../engines/engine-profile.js';
import type { FeatureName } from '../../engines/feature-names.js';
import type { Usage } from '../../observability/usage.js';
import type { Candidate } from '../../routing/candidate.js';
import type { UpstreamChoice } from '../answer/upstream-completion.js';
import type { SentBody } from '../dialects/dialect.js';
import type { Refusal } from '../plan/unsupported.js';

/** One thing in which engines differ, and all that the gateway knows of it. */
export interface Feature {
  readonly name: FeatureName;
  /** The parameter that a refusal names. */
  readonly param: keyof CreateCompletionDto;
  /** What is asked for, as a sentence about the request. */
  readonly asks: string;
  isAsked(body: CreateCompletionDto): boolean;
  /** The field is not sent where it asks for nothing, which some engines reject. */
  readonly isOmittedUnlessAsked?: true;
  /** Features that the engine must support for this one. */
  readonly needs?: readonly FeatureName[];
  /** How each choice of the answer is read, whoever does it; a native one, unless the emulation has its own. */
  readonly fit?: (request: FittedRequest) => ChoiceFitter;
  /** Absent: only an engine can do it. */
  readonly emulation?: FeatureEmulation;
}

/** How the gateway does it for an engine that does not. */
export interface FeatureEmulation {
  /** For the documentation. */
  readonly how: string;
  /** What it costs the engine; absent where it is nothing, so that a native upstream is not preferred. */
  readonly cost?: string;
  /** What it requires of the request, as a sentence of the documentation. */
  readonly requires?: string;
  /** Features that the engine must support, natively or emulated. */
  readonly needs?: readonly FeatureName[];
  /** The endpoint that the engine must have. */
  readonly needsPath?: 'tokenCountPath';
  /** What this emulation needs and lacks here. */
  lacks?(body: CreateCompletionDto, candidate: Candidate): Refusal | undefined;
  /** What the candidate is asked for in place of the body. */
  replace?(body: CreateCompletionDto): CreateCompletionDto;
  /** Features that have to be emulated with it. */
  implies?(body: CreateCompletionDto, candidate: Candidate): readonly FeatureName[];
  /** Changes the body that is sent, in place. A field that is set to undefined is not sent. */
  rewrite?(sent: SentBody, body: CreateCompletionDto, profile: EngineProfile): void;
  /** One request for each prompt, or for each choice of each prompt. */
  readonly splitsBy?: 'prompt' | 'choice';
  readonly fit?: (request: FittedRequest) => ChoiceFitter;
}

/** What the candidate was asked for. */
export interface FittedRequest {
  body: CreateCompletionDto;
  /** The engine puts the prompt in front of each choice. */
  isEchoed: boolean;
  /** The prompt of a choice. */
  promptAt: (index: number) => Prompt;
  /** Its length in characters. */
  promptLengthAt: (index: number) => number;
}

/**
 * Running order: bring the answer to the contract's form, check that it is what was asked for, cut what is not, and add what
 * the engine never saw.
 */
export const STAGES = ['convert', 'check', 'cut', 'add'] as const;

/**
 * Makes the choices of one upstream request what the client asked for, piece by piece as they come; a whole answer is one
 * piece. It remembers what it has seen: each attempt has its own.
 */
export interface ChoiceFitter {
  readonly stage: (typeof STAGES)[number];
  /** Changes a piece in place. @returns false when nothing of it is for the client. */
  fit(choice: UpstreamChoice): boolean;
  fitUsage?(usage: Usage): Usage;
}
