import type { Cancellation } from '../common/cancellation.js';
import type { AttemptKind } from '../observability/metrics.js';
import type { Candidate, EligibleCandidate } from './candidate.js';
import type { Reservation } from './reservation.js';

/** A client's request, as the router sees it. `Continuation` is what an attempt needs to resume it. */
export interface RoutedRequest<Continuation> {
  requestedModel: string;
  /** Cancelled when the client disconnects. */
  cancellation: Cancellation;
  /** Whether the client has received anything: from then on another attempt is a resume. */
  hasBegun(): boolean;
  /** Tokens delivered so far: after an attempt that added some, every candidate may be tried again. */
  progress(): number;
  /** The candidate, if it supports the request. */
  qualify(candidate: Candidate): EligibleCandidate | undefined;
  /** Whether the candidate can continue what the client has in part. */
  canResumeOn(candidate: Candidate): boolean;
  /** What the next attempt continues from; undefined where the stream cannot be resumed. */
  continuation(): Continuation | undefined;
  attempt(attempt: Attempt<Continuation>): Promise<void>;
}

/** One try of a request on one upstream. */
export interface Attempt<Continuation> {
  candidate: EligibleCandidate;
  kind: AttemptKind;
  /** The slots that it holds there. */
  reservation: Reservation;
  /** Set for a resume. */
  continuation: Continuation | undefined;
  /** Milliseconds since the epoch. */
  deadlineAt: number;
  /** Call when a good answer has begun. */
  answered: () => void;
}
