import { holdToContract } from './hold-to-contract.js';
import { SUBJECTS } from './subjects.js';

const NAMES: readonly string[] = ['llama.cpp', 'llama-cpp-python', 'localai'];

for (const subject of SUBJECTS.filter(({ name }) => NAMES.includes(name))) holdToContract(subject);
