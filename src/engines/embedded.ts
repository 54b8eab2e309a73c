import { type EngineProfile, nativeBut } from './engine-profile.js';

/** The engine that comes along: everything that the contract has. */
export const embedded: EngineProfile = {
  capabilities: nativeBut({}),
  knownFields: {},
  healthPath: '/health',
  limits: [],
};
