import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { configuredProfile } from '../../engines/engine-profile.js';
import { ENGINE_PROFILES } from '../../engines/engine-profiles.js';
import { closestEngine, engineBySigns } from './closest-engine.js';
import { claimOfExtras, diagnose, overridesOf } from './diagnosis.js';
import { EngineClient } from './engine-client.js';
import { examine, firstModel, type OnProgress } from './examine.js';
import type { Examined } from './report.js';
import type { Settings } from './settings.js';

/**
 * Examines one server.
 *
 * @throws {DoctorError} when it cannot be reached, has no model, or does not even complete a plain prompt.
 */
export async function runDoctor(
  { upstream, isEngineKnown, model: named }: Omit<Settings, 'asJson'>,
  onProgress: OnProgress = () => undefined,
): Promise<Examined> {
  const { apiKey, api } = upstream;
  const baseUrl = upstream.baseUrl.replace(/\/+$/, '');
  const subject = { baseUrl, apiKey, api, model: named ?? '' };
  const client = new EngineClient(new HttpService(axios.create()), subject);
  subject.model ||= await firstModel(client);
  const sign = isEngineKnown ? upstream.engine : await engineBySigns(client);
  if (sign) client.askAs(ENGINE_PROFILES[sign]);
  const findings = await examine(client, onProgress);
  const engine = isEngineKnown ? upstream.engine : closestEngine(findings, api, sign);
  const base = ENGINE_PROFILES[engine];
  const isOneAtATime = upstream.maxConcurrency === 1 || base.isOneAtATime;
  const profile = { ...configuredProfile(base, upstream), ...(isOneAtATime && { isOneAtATime }) };
  const diagnosis = diagnose(profile, findings);
  const { proposal } = diagnosis.extraParameters;
  return {
    subject,
    engine,
    isEngineKnown,
    profile,
    findings,
    diagnosis,
    overrides: overridesOf(diagnosis, base, api),
    extraParameters: proposal === claimOfExtras(configuredProfile(base, { api })) ? undefined : proposal,
    requests: client.requests,
  };
}
