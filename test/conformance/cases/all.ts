import type { ConformanceCase } from '../conformance-case.js';
import { BEST_OF_CASES } from './best-of.js';
import { CLIENT_CASES } from './clients.js';
import { ECHO_CASES } from './echo.js';
import { LIMIT_CASES } from './limits.js';
import { LOGPROBS_CASES } from './logprobs.js';
import { PROMPT_CASES } from './prompts.js';
import { SAMPLING_CASES } from './sampling.js';
import { USAGE_CASES } from './usage.js';

export const CASES: readonly ConformanceCase[] = [
  ...PROMPT_CASES,
  ...BEST_OF_CASES,
  ...ECHO_CASES,
  ...LIMIT_CASES,
  ...LOGPROBS_CASES,
  ...SAMPLING_CASES,
  ...USAGE_CASES,
  ...CLIENT_CASES,
];
