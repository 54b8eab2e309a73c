import type { Capability } from '../../engines/capabilities.js';
import type { UpstreamConfig } from '../../config/config.js';
import type { Examination } from './examination.js';
import type { Verdict } from './verdict.js';

/** One small question to an engine, and how its answers are judged. */
export type Probe = CapabilityProbe | ItemProbe;

interface AnyProbe {
  /** The endpoints that it applies to; without it, both. */
  readonly apis?: readonly UpstreamConfig['api'][];
  /** @throws {Decided} when an answer on the way decides it. */
  judge(engine: Examination): Promise<Verdict> | Verdict;
}

/** It decides one capability of the profiles. */
export interface CapabilityProbe extends AnyProbe {
  readonly capability: Capability;
}

/** It tells something that no profile has, since the gateway copes with every answer in the same way. */
export interface ItemProbe extends AnyProbe {
  readonly item: string;
  /** What the gateway does where it is not honoured. */
  readonly otherwise: string;
}

export function nameOf(probe: Probe): string {
  return 'capability' in probe ? probe.capability : probe.item;
}
