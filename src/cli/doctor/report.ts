import { stringify } from 'yaml';
import { featureOf } from '../../completions/features/all.js';
import type { ConfiguredProfile } from '../../engines/engine-profile.js';
import { claimOfExtras, type Diagnosis, isTrue, type Overrides } from './diagnosis.js';
import type { Subject } from './engine-client.js';
import { nameOf, type Probe } from './probe.js';
import { PROBES } from './probes/all-probes.js';
import { type Verdict, verdictText } from './verdict.js';

export interface Examined {
  subject: Subject;
  engine: string;
  isEngineKnown: boolean;
  profile: ConfiguredProfile;
  findings: ReadonlyMap<string, Verdict>;
  diagnosis: Diagnosis;
  overrides: Overrides;
  /** What `extraParameters` has to say, when the engine's own profile does not. */
  extraParameters: Diagnosis['extraParameters']['claim'] | undefined;
  requests: number;
}

/** One thing that was asked, what came of it, and what the gateway does about it. */
interface Row {
  mark: '!' | '+' | ' ';
  item: string;
  verdict: Verdict;
  gateway: string;
}

/** The whole report as text: a table, what it means, and what to write into the configuration. */
export function toText(examined: Examined): string {
  const { subject, engine, isEngineKnown, diagnosis, requests } = examined;
  const rows = rowsOf(examined);
  const summary = isEngineKnown
    ? `${subject.baseUrl}, model ${subject.model}, beside the profile of ${engine}: ${requests} requests.`
    : `${subject.baseUrl}, model ${subject.model}: ${requests} requests. The closest profile is that of ${engine}.`;
  const lines = [summary, '', ...table(rows), ''];
  if (rows.some(({ mark }) => mark !== ' '))
    lines.push('! the profile claims more than the server does   + it claims less', '');
  for (const { item, advice } of diagnosis.faults) lines.push(`${item}: ${advice}`, '');
  const proposal = proposalOf(examined);
  if (!isEngineKnown) lines.push('For this server, in gateway.yaml:', '', ...proposal);
  else if (isUnchanged(diagnosis))
    lines.push(isTrue(diagnosis) ? 'The profile is true: nothing has to be changed.' : '');
  else lines.push('For this upstream, in gateway.yaml, in place of what is there:', '', ...proposal);
  return `${lines.join('\n').trimEnd()}\n`;
}

export function toJson(examined: Examined): string {
  const { subject, engine, isEngineKnown, diagnosis, overrides, extraParameters, requests } = examined;
  const cells = new Map(diagnosis.cells.map((cell) => [cell.feature as string, cell]));
  const { model, baseUrl, api } = subject;
  const result = {
    baseUrl,
    api,
    model,
    [isEngineKnown ? 'engine' : 'closestEngine']: engine,
    isTrue: isTrue(diagnosis),
    requests,
    findings: rowsOf(examined).map(({ item, verdict: { is, ...details }, gateway }) => {
      const cell = cells.get(item);
      const ofCell = cell && { claim: cell.claim, proposal: cell.proposal, isTooMuch: cell.isTooMuch };
      return { item, verdict: is, ...details, gateway, ...ofCell };
    }),
    extraParameters: diagnosis.extraParameters,
    faults: diagnosis.faults,
    proposal: { engine, ...apiOf(subject), ...(extraParameters && { extraParameters }), capabilities: overrides },
  };
  return `${JSON.stringify(result, null, 2)}\n`;
}

function rowsOf({ findings, diagnosis, profile }: Examined): Row[] {
  const cells = new Map(diagnosis.cells.map((cell) => [cell.feature, cell]));
  const { extraParameters } = diagnosis;
  return PROBES.flatMap((probe): Row[] => {
    const verdict = findings.get(nameOf(probe));
    if (!verdict) return [];
    const cell = 'feature' in probe ? cells.get(probe.feature) : undefined;
    const isOfExtras = nameOf(probe) === 'top_k' && extraParameters.claim !== extraParameters.proposal;
    const isFault = diagnosis.faults.some(({ item }) => item === nameOf(probe));
    const isTooMuch = cell?.isTooMuch ?? (isFault || (isOfExtras && extraParameters.isTooMuch));
    const isTooLittle = cell ? cell.claim !== cell.proposal : isOfExtras;
    const mark = isTooMuch ? '!' : isTooLittle ? '+' : ' ';
    return [{ mark, item: nameOf(probe), verdict, gateway: gatewayDoes(probe, verdict, profile) }];
  });
}

/** What the gateway does under the profile, right or wrong. */
function gatewayDoes(probe: Probe, verdict: Verdict, profile: ConfiguredProfile): string {
  if ('item' in probe) {
    if (probe.item === 'top_k' || probe.item === 'unknown field') return extrasText(probe.item, profile);
    return verdict.is === 'honoured' ? 'passes it on' : probe.otherwise;
  }
  switch (profile.capabilities[probe.feature]) {
    case 'native':
      return 'passes it on';
    case 'refuse':
      return 'refuses it with 400';
    case 'emulate':
      return `emulates it: ${featureOf(probe.feature).emulation?.how ?? ''}`;
  }
}

function extrasText(item: string, profile: ConfiguredProfile): string {
  const isSent = item === 'top_k' ? claimOfExtras(profile) === 'forward' : profile.extraParameters === 'forward';
  return isSent ? 'passes it on' : 'refuses it with 422';
}

function table(rows: readonly Row[]): string[] {
  const cells = rows.map(({ mark, item, verdict, gateway }) => [mark, item, verdictText(verdict), gateway] as const);
  const head = [' ', 'item', 'verdict', 'the gateway'] as const;
  const widthOf = (column: 1 | 2): number => Math.max(...[head, ...cells].map((row) => [...row[column]].length));
  const [items, verdicts] = [widthOf(1), widthOf(2)];
  return [head, ...cells].map(([mark, item, verdict, gateway]) =>
    `${mark} ${pad(item, items)}  ${pad(verdict, verdicts)}  ${gateway}`.trimEnd(),
  );
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(width - [...text].length);
}

function isUnchanged({ cells, extraParameters }: Diagnosis): boolean {
  return extraParameters.claim === extraParameters.proposal && cells.every(({ claim, proposal }) => claim === proposal);
}

/** YAML for the upstream's entry, indented as it stands there. */
function proposalOf({ engine, subject, overrides, extraParameters }: Examined): string[] {
  const entry = {
    engine,
    ...apiOf(subject),
    ...(extraParameters && { extraParameters }),
    ...(Object.keys(overrides).length > 0 && { capabilities: overrides }),
  };
  return stringify(entry)
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`);
}

function apiOf({ api }: Subject): { api?: string } {
  return api === 'chat' ? { api } : {};
}
