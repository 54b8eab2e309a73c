import type { FeatureName, Support } from '../../src/engines/feature-names.js';
import { UpstreamConfig } from '../../src/config/config.js';
import { runDoctor } from '../../src/cli/doctor/doctor.js';
import type { Examined } from '../../src/cli/doctor/report.js';
import { FakeEngine, type FakeEngineName, type FakeEngineOptions } from '../support/engines/fake-engine.js';

/** Examines a fake engine, beside a profile when `options` names one, and stops it. */
export async function examineFake(
  name: FakeEngineName,
  { upstream = {}, ...options }: FakeEngineOptions & { upstream?: Partial<UpstreamConfig> } = {},
): Promise<Examined> {
  const fake = await FakeEngine.start(name, options);
  try {
    return await runDoctor({
      upstream: Object.assign(new UpstreamConfig(), { name: 'fake', baseUrl: fake.baseUrl }, upstream),
      isEngineKnown: upstream.engine !== undefined,
      model: undefined,
    });
  } finally {
    await fake.stop();
  }
}

/** The cells in which the profile claims too much. */
export function tooMuchIn({ diagnosis }: Examined): FeatureName[] {
  return diagnosis.cells.filter(({ isTooMuch }) => isTooMuch).map(({ feature }) => feature);
}

/** The cells whose proposal differs from the profile. */
export function proposedIn({ diagnosis }: Examined): Partial<Record<FeatureName, Support>> {
  const changed = diagnosis.cells.filter(({ claim, proposal }) => claim !== proposal);
  return Object.fromEntries(changed.map(({ feature, proposal }) => [feature, proposal]));
}
