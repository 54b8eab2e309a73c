import { isFields, isGood } from './engine-answer.js';
import type { EngineClient } from './engine-client.js';
import { Examination, reasonOf } from './examination.js';
import { nameOf, type Probe } from './probe.js';
import { PROBES } from './probes/all-probes.js';
import { DoctorError } from './settings.js';
import { Decided, unclear, type Verdict } from './verdict.js';

/** Called before each probe, and once more after the last. */
export type OnProgress = (name: string, done: number, of: number) => void;

/** The first model of the server's own list. */
export async function firstModel(client: EngineClient): Promise<string> {
  const { baseUrl } = client.subject;
  const { status, json, text } = await client.getModels();
  if (status === 0) {
    throw new DoctorError(`${baseUrl} cannot be reached: ${text}. Start the server, or correct the base URL.`);
  }
  const [model] = isFields(json) && Array.isArray(json.data) ? (json.data as unknown[]) : [];
  if (status === 200 && isFields(model) && typeof model.id === 'string') return model.id;
  throw new DoctorError(
    status === 401 || status === 403
      ? `${baseUrl} refuses the credential (${status}). Give it with --api-key.`
      : `${baseUrl}/models names no model (status ${status}). Name one with --model; the base URL goes up to and with /v1.`,
  );
}

/**
 * Runs every probe on the server, one after the other.
 *
 * @throws {DoctorError} when even the plain request fails: every other probe would be inconclusive.
 */
export async function examine(client: EngineClient, onProgress: OnProgress): Promise<ReadonlyMap<string, Verdict>> {
  const { api, baseUrl, model } = client.subject;
  const examination = new Examination(client);
  const plain = await examination.begin();
  if (!isGood(plain)) throw new DoctorError(explainFailure(baseUrl, model, plain.status, reasonOf(plain)));
  const probes = PROBES.filter(({ apis }) => apis === undefined || apis.includes(api));
  for (const [done, probe] of probes.entries()) {
    onProgress(nameOf(probe), done, probes.length);
    examination.findings.set(nameOf(probe), await judge(probe, examination));
  }
  onProgress('', probes.length, probes.length);
  return examination.findings;
}

async function judge(probe: Probe, examination: Examination): Promise<Verdict> {
  try {
    return await probe.judge(examination);
  } catch (error) {
    if (error instanceof Decided) return error.verdict;
    // An unexpected answer is a fault of the doctor, and must not stop the other probes.
    return unclear(`the answer cannot be read: ${(error as Error).message}`);
  }
}

function explainFailure(baseUrl: string, model: string, status: number, reason: string): string {
  const failed = `${baseUrl} does not complete "Once upon a time" with the model ${model}: ${reason.replace(/\.$/, '')}.`;
  switch (status) {
    case 0:
      return `${failed} Start the server, or correct the base URL.`;
    case 401:
    case 403:
      return `${failed} Give the server's credential with --api-key.`;
    case 404:
      return `${failed} Name a model that it has with --model, or --api chat when it has chat completions only; the base URL goes up to and with /v1.`;
    default:
      return `${failed} Nothing else can be examined until that works.`;
  }
}
