import { jest } from '@jest/globals';
import fc from 'fast-check';
import { SEED } from './seed.js';

// Beyond the limit of a wait (`wait.ts`), which says what is missing.
jest.setTimeout(30_000);
fc.configureGlobal({ seed: SEED });
