import type { ByteShare } from '../../common/byte-budget.js';
import { lengthInCodePoints } from '../../common/code-points.js';
import type { RoutingConfig } from '../../config/config.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { promptOf, promptsOf } from '../../contract/prompts.js';
import type { Candidate } from '../../routing/candidate.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { knownEnd } from './known-end.js';
import { mayBeResumed } from './resumable-fields.js';
import { type Resumption, resumptionOf } from './resume.js';
import { asksForIds, mayBeResumedByIds, resumptionByIds } from './resume-by-ids.js';
import type { StreamProgress } from './stream-progress.js';
import { TokenTrails } from './token-trails.js';

/** How a broken stream can be resumed, by its engine's token ids and by text. */
export interface Continuation {
  byIds: Resumption | undefined;
  byText: Resumption | undefined;
}

/** Whether a stream may have to be resumed, for which its text is kept. */
export function mayHaveToResume(asked: CreateCompletionDto, resume: RoutingConfig['resume']): boolean {
  return resume !== 'off' && (mayBeResumed(asked) || mayBeResumedByIds(asked));
}

/** What resuming one stream needs: whose token ids it has, and what was delivered. */
export class StreamResumes {
  /** The delivered text may end within a token, or its tokens are not counted: it cannot be resumed by text. */
  private isTextInexact = false;
  /** The token ids of what was delivered, where they were asked for. */
  private trails: TokenTrails | undefined;
  /** Of the attempt that broke last: several candidates are looked at. */
  private found: { continuation: Continuation | undefined } | undefined;

  constructor(
    /** What the client asks for, for as long as its body is kept. */
    private readonly asked: () => CreateCompletionDto,
    private readonly resume: RoutingConfig['resume'],
    private readonly progress: StreamProgress,
    /** What is kept of the delivered texts; without it nothing is resumed. */
    private readonly texts: ByteShare | undefined,
  ) {}

  /** Undefined when it cannot be resumed. */
  continuation(): Continuation | undefined {
    if (this.resume === 'off') return undefined;
    this.found ??= { continuation: this.findContinuation() };
    return this.found.continuation;
  }

  canResumeOn(candidate: Candidate): boolean {
    // A chat completion answers a message, and does not continue it.
    if (candidate.upstream.config.api === 'chat') return false;
    const { byIds, byText } = this.continuation() ?? {};
    return byText !== undefined || (byIds !== undefined && this.namesTokensAlike(candidate));
  }

  /** The request for the rest at this candidate, by ids where possible. */
  resumptionAt(candidate: Candidate, { byIds, byText }: Continuation): Resumption {
    const resumption = byIds && this.namesTokensAlike(candidate) ? byIds : byText;
    if (!resumption) throw new UpstreamError('not_sent', 'the stream cannot be resumed there');
    if (resumption === byIds) resumption.rewind?.();
    // Its ids are no longer those of the whole text.
    else this.trails = undefined;
    return resumption;
  }

  /** Reads the token ids of an attempt, where they are asked for; undefined where they are not. */
  trailsFor(candidate: Candidate): TokenTrails | undefined {
    const { texts } = this;
    if (!texts || !this.wantsIdsOf(candidate)) return undefined;
    const asked = this.asked();
    if (this.progress.hasBegun) return this.trails && this.namesTokensAlike(candidate) ? this.trails : undefined;
    const { upstream, upstreamModel } = candidate;
    const longestStop = Math.max(1, ...[asked.stop ?? []].flat().map(lengthInCodePoints));
    const held = upstream.profile.holdsTextBack ? longestStop - 1 : 0;
    const promptIdsAt = (index: number): readonly number[] | undefined => {
      const prompt = promptOf(this.asked(), index);
      return typeof prompt === 'string' ? undefined : prompt;
    };
    const source = { engine: upstream.config.engine, upstreamModel };
    this.trails = new TokenTrails(source, !asksForIds(asked), held, texts, promptIdsAt);
    return this.trails;
  }

  /** Call before each attempt. */
  begin({ upstream }: Candidate, holdsTextBack: boolean): void {
    this.found = undefined;
    const { mergesTokens = false } = upstream.profile;
    const isUncounted = mergesTokens && this.resume === 'exact' && typeof this.asked().logprobs !== 'number';
    this.isTextInexact ||= holdsTextBack || isUncounted;
  }

  /** The missing end of a broken stream, when it is known without another request. */
  knownEnd(): ReturnType<typeof knownEnd> {
    if (this.resume === 'off' || !this.progress.hasBegun || (!this.trails && this.isTextInexact)) return undefined;
    return knownEnd(this.asked(), this.progress, this.trails);
  }

  private findContinuation(): Continuation | undefined {
    const byIds = this.trails && resumptionByIds(this.asked(), this.progress, this.trails);
    const byText = this.isTextInexact ? undefined : resumptionOf(this.asked(), this.progress);
    return byIds || byText ? { byIds, byText } : undefined;
  }

  /** Ids are those of one engine's model; what is called otherwise may have other ones. */
  private namesTokensAlike({ upstream, upstreamModel }: Candidate): boolean {
    const { source } = this.trails ?? {};
    return source?.engine === upstream.config.engine && source.upstreamModel === upstreamModel;
  }

  private wantsIdsOf({ upstream }: Candidate): boolean {
    const asked = this.asked();
    if (this.resume !== 'exact' || !mayBeResumedByIds(asked)) return false;
    const { givesTokenIds, tokenIdsPath, knownFields } = upstream.profile;
    const isText = typeof promptsOf(asked)[0] === 'string';
    if (!givesTokenIds && (tokenIdsPath === undefined || isText)) return false;
    // The ids of the rest would be there, but not the text of the prompt.
    return !asked.echo || (givesTokenIds === true && knownFields.return_token_ids?.notWith !== 'echo');
  }
}
