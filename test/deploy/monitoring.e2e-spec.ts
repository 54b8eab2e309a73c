import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { DASHBOARD_FILE, dashboardText, makeDashboard } from '../../deploy/grafana/make-dashboard.js';
import { Metrics } from '../../src/observability/metrics.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { ADMIN, AS_ADMIN, Gateway } from '../support/gateway.js';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}

const RULES_FILE = new URL('../../deploy/prometheus/alerts.yaml', import.meta.url);
const { groups } = parse(readFileSync(RULES_FILE, 'utf8')) as { groups: { rules: Rule[] }[] };
const RULES = groups.flatMap(({ rules }) => rules);

/** What Grafana puts in for its variables. */
const { panels } = makeDashboard() as { panels: { title: string; targets?: { expr: string }[] }[] };
const PANELS = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }): [string, string] => [
    title,
    expr.replaceAll('$__rate_interval', '1m').replaceAll('$model', '.*'),
  ]),
);
const EXPRESSIONS = [...PANELS, ...RULES.map(({ alert, expr }): [string, string] => [alert, expr])];

/** Of Prometheus itself. */
const METRICS_OF_PROMETHEUS = ['up'];
const LABELS_OF_PROMETHEUS = ['job', 'instance', 'le'];
/** Of the series of a histogram. */
const SUFFIX = /_(bucket|count|sum)$/;

/** The names of one kind in an expression, or its syntax errors. */
function namesIn(expression: string, kind: 'Identifier' | 'LabelName' | 'error'): string[] {
  const names: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      if (kind === 'error' ? type.isError : type.name === kind) names.push(expression.slice(from, to));
    },
  });
  return names;
}

describe('the dashboard and the alert rules', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let exposed: string;

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { config: { apiKeys: [ADMIN] } });
    exposed = await (await gateway.get('/metrics', AS_ADMIN)).text();
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it.each(EXPRESSIONS)('%s: is an expression of PromQL', (_: string, expression: string) => {
    expect(namesIn(expression, 'error')).toEqual([]);
  });

  it.each(EXPRESSIONS)('%s: has metrics that /metrics has, and their labels', (_: string, expression: string) => {
    const metrics = namesIn(expression, 'Identifier').filter((name) => !METRICS_OF_PROMETHEUS.includes(name));
    const registered = gateway.app.get(Metrics).registry.getMetricsAsArray();
    const labels = registered.flatMap((metric) => ('labelNames' in metric ? (metric.labelNames as string[]) : []));
    for (const metric of metrics) expect(exposed).toContain(`# TYPE ${metric.replace(SUFFIX, '')} `);
    expect([...labels, ...LABELS_OF_PROMETHEUS]).toEqual(expect.arrayContaining(namesIn(expression, 'LabelName')));
  });

  it('are in the committed dashboard; `npm run dashboard` brings it up to date', () => {
    expect(readFileSync(DASHBOARD_FILE, 'utf8')).toBe(dashboardText());
  });

  it.each(RULES)('$alert says in one line what it means, and in another what to do', ({ labels, annotations }) => {
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/^.+\.$|: .+$/);
    expect(annotations.runbook).toMatch(/^.{40,}[.]$/);
  });
});
