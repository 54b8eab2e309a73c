import { type EngineProfile, nativeBut } from './engine-profile.js';

/** OpenAI's own API, and every server that nothing else is known of: it is taken at its word. */
export const openai: EngineProfile = {
  capabilities: nativeBut({}),
  knownFields: {},
  limits: [],
};
