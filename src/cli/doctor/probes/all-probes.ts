import type { Probe } from '../probe.js';
import { choiceProbes } from './choices.js';
import { echoProbes } from './echo.js';
import { lengthProbes } from './lengths.js';
import { limitProbes } from './limits.js';
import { logprobsProbes } from './logprobs.js';
import { promptProbes } from './prompts.js';
import { protocolProbes } from './protocol.js';
import { samplingProbes } from './sampling.js';
import { steeringProbes } from './steering.js';
import { stopProbes } from './stops.js';
import { streamProbes } from './streams.js';

/** In the order in which they are asked: some build on what those before them have found. */
export const PROBES: readonly Probe[] = [
  ...samplingProbes,
  ...promptProbes,
  ...lengthProbes,
  ...echoProbes,
  ...logprobsProbes,
  ...choiceProbes,
  ...stopProbes,
  ...steeringProbes,
  ...streamProbes,
  ...limitProbes,
  ...protocolProbes,
];
