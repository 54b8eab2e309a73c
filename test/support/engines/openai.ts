import { Dialect } from './dialect.js';

/** Exactly the contract. */
export class OpenAi extends Dialect {}
