import type { FeatureName } from '../../engines/feature-names.js';
import type { UpstreamConfig } from '../../config/config.js';
import type { Examination } from './examination.js';
import type { Verdict } from './verdict.js';

/** One small question to an engine, and how its answers are judged. */
export type Probe = FeatureProbe | ItemProbe;

interface AnyProbe {
  /** The endpoints that it applies to; without it, both. */
  readonly apis?: readonly UpstreamConfig['api'][];
  /** @throws {Decided} when an answer on the way decides it. */
  judge(engine: Examination): Promise<Verdict> | Verdict;
}

/** It decides one feature of the profiles. */
export interface FeatureProbe extends AnyProbe {
  readonly feature: FeatureName;
}

/** Informational: no profile has it, since the gateway handles every outcome alike. */
export interface ItemProbe extends AnyProbe {
  readonly item: string;
  /** What the gateway does where it is not honoured. */
  readonly otherwise: string;
}

export function nameOf(probe: Probe): string {
  return 'feature' in probe ? probe.feature : probe.item;
}
