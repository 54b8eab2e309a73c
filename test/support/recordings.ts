import { globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Recording, readRecording } from '../../src/cli/record/recording.js';

/** Every recording, by the name of its folder: `vllm-0.32.0`. */
export const RECORDINGS: [name: string, recording: Recording][] = globSync('test/recordings/*/recording.jsonl')
  .sort()
  .map((file) => [basename(dirname(file)), readRecording(file)]);
