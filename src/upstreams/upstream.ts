import type { Agent } from 'node:https';
import type { UpstreamConfig } from '../config/config.js';
import type { Cancellation } from '../common/cancellation.js';
import type { AnswerBody } from './answer-body.js';
import type { ConfiguredProfile } from '../engines/engine-profile.js';
import type { FimTemplates } from './fim-templates.js';
import type { ServedModels } from './served-models.js';
import type { UpstreamState } from './upstream-state.js';

/** One request as an upstream gets it. It is prepared once; every attempt starts from it. */
export interface UpstreamRequest {
  /** Below the base URL: `/completions`. */
  path: string;
  /** The path is below the root of the server, which is the base URL without `/v1`. */
  isFromRoot?: boolean;
  body: string;
  headers: Record<string, string>;
  /** When the client's whole request is to be over, in milliseconds since the epoch. */
  deadlineAt: number;
}

/** An answer whose head has come. */
export interface UpstreamAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** Decoded. */
  body: AnswerBody;
}

/** One configured server that we call. */
export interface Upstream {
  readonly config: UpstreamConfig;
  readonly models: ServedModels;
  readonly fimTemplates: FimTemplates;
  /** What the engine does by itself, as the configuration changes it. */
  readonly profile: ConfiguredProfile;
  readonly state: UpstreamState;
  /** As the engine reports it; undefined while unknown. */
  version: string | undefined;
  /** Of control calls, where their connections are special: private CA, client certificate, proxy. */
  readonly agent?: Agent | undefined;
  /** Up to and with `/v1`; undefined while there is none, as when the embedded engine is being restarted. */
  readonly baseUrl: string | undefined;
  /**
   * Sends a request and waits for the head of the answer, of any status.
   *
   * @throws {UpstreamError} when there is no answer; its phase is how far the request got.
   * @throws the reason of `cancellation`, when it is cancelled.
   */
  send(request: UpstreamRequest, cancellation: Cancellation): Promise<UpstreamAnswer>;
  /** Ends it: at once, or when the requests that are under way have ended. */
  close(when: 'now' | 'when_idle'): Promise<void>;
}
