import { holdToContract } from './hold-to-contract.js';
import { SUBJECTS } from './subjects.js';

const NAMES: readonly string[] = ['openai', 'openai, everything emulated', 'sglang'];

for (const subject of SUBJECTS.filter(({ name }) => NAMES.includes(name))) holdToContract(subject);
