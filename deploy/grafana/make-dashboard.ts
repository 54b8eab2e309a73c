/**
 * Generates `completions-gateway.json` with Grafana's builders:  npm run dashboard
 *
 * Each row answers one question, the most urgent first.
 */
/* eslint @typescript-eslint/no-deprecated: off -- schema v2 needs Grafana 13; all versions read files of this one */
import { VizLegendOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import {
  type Dashboard,
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = { type: 'prometheus', uid: '${source}' };
const MODEL = 'gen_ai_request_model=~"$model"';

const rate = (metric: string, matchers = ''): string =>
  `rate(${metric}${matchers && `{${matchers}}`}[$__rate_interval])`;
const quantile = (q: number, metric: string, matchers: string): string =>
  `histogram_quantile(${q}, sum by (le) (${rate(`${metric}_bucket`, matchers)}))`;
const quantiles = (metric: string, matchers = MODEL): Record<string, string> => ({
  p50: quantile(0.5, metric, matchers),
  p95: quantile(0.95, metric, matchers),
  p99: quantile(0.99, metric, matchers),
});
const REQUESTS = 'gen_ai_server_request_duration_seconds_count';

/** A panel: its title, what it says, its unit (`state`: the latest value), and its expressions by legend. */
type PanelOfRow = [title: string, description: string, unit: string, expressions: Record<string, string>];

const ROWS: Record<string, PanelOfRow[]> = {
  'Does it work?': [
    [
      'Requests',
      'Completions a second, by status.',
      'reqps',
      { '{{http_response_status_code}}': `sum by (http_response_status_code) (${rate(REQUESTS, MODEL)})` },
    ],
    [
      'Failed',
      'The share of completions that ended with a 5xx.',
      'percentunit',
      { failed: `sum(${rate(REQUESTS, `${MODEL},http_response_status_code=~"5.."`)}) / sum(${rate(REQUESTS, MODEL)})` },
    ],
    [
      'Available upstreams',
      '1: healthy and not full.',
      'state',
      { '{{upstream}}': 'max by (upstream) (gateway_upstream_available)' },
    ],
    [
      'Client disconnects',
      'Requests whose client disconnected (499), a second.',
      'reqps',
      { '499': `sum(${rate(REQUESTS, `${MODEL},http_response_status_code="499"`)})` },
    ],
  ],
  'Is it fast?': [
    [
      'First token',
      'From the request to the first event of a stream.',
      's',
      quantiles('gen_ai_server_time_to_first_token_seconds'),
    ],
    [
      'Time per output token',
      'The mean time between two tokens of a stream.',
      's',
      quantiles('gen_ai_server_time_per_output_token_seconds'),
    ],
    [
      'Whole requests',
      'From the request to the end of its answer.',
      's',
      quantiles('gen_ai_server_request_duration_seconds'),
    ],
  ],
  'Is there room?': [
    ['Queue', 'Requests that wait for a slot.', 'none', { waiting: 'sum(gateway_queue_length)' }],
    ['Wait for a slot', 'How long requests waited in the queue.', 's', quantiles('gateway_queue_wait_seconds', '')],
    [
      'In flight',
      'Requests in flight on each upstream.',
      'none',
      { '{{upstream}}': 'sum by (upstream) (gateway_upstream_in_flight)' },
    ],
    [
      'Tokens',
      'Tokens a second, as the upstreams counted them.',
      'none',
      { '{{gen_ai_token_type}}': `sum by (gen_ai_token_type) (${rate('gateway_tokens_total', MODEL)})` },
    ],
    [
      'Tokens in flight',
      'The most tokens that requests in flight may generate.',
      'none',
      { tokens: 'sum(gateway_tokens_in_flight)' },
    ],
  ],
  'What was recovered?': [
    [
      'Second attempts',
      'Retries, fallbacks and resumes, a second.',
      'reqps',
      { '{{kind}}': `sum by (kind) (${rate('gateway_upstream_attempts_total', 'kind!="first"')})` },
    ],
    [
      'Failed attempts',
      'Failed requests upstream, a second.',
      'reqps',
      {
        '{{upstream}} {{outcome}}': `sum by (upstream, outcome) (${rate('gateway_upstream_attempts_total', 'outcome!~"ok|client_gone"')})`,
      },
    ],
    [
      'Emulations',
      'Answers with an emulated feature, a second, by feature.',
      'reqps',
      { '{{feature}}': `sum by (feature) (${rate('gateway_emulations_total')})` },
    ],
    [
      'Resumed streams',
      'Broken streams that were resumed, a second.',
      'reqps',
      { '{{gen_ai_request_model}}': `sum by (gen_ai_request_model) (${rate('gateway_resumes_total', MODEL)})` },
    ],
  ],
  'Who is limited?': [
    [
      'Refused by limits',
      'Requests that a limit refused, a second, by scope and kind.',
      'reqps',
      { '{{scope}} {{kind}}': `sum by (scope, kind) (${rate('gateway_limits_refused_total')})` },
    ],
    [
      'Limit store',
      '1: it answers. 0: limits.onStoreFailure applies.',
      'state',
      { '{{instance}}': 'min by (instance) (gateway_limits_store_up)' },
    ],
    [
      'Unsettled',
      'Requests whose reservation may have stayed charged, in the last hour.',
      'none',
      { requests: 'sum(increase(gateway_limits_unsettled_total[1h]))' },
    ],
    [
      'Usage rows',
      'A second: written to the database, spooled to disk while it is down, dropped if the spool is full.',
      'cps',
      { '{{outcome}}': `sum by (outcome) (${rate('gateway_usage_rows_total')})` },
    ],
  ],
  'Is the gateway healthy?': [
    [
      'Slow clients',
      'Bytes that wait for clients that read slowly.',
      'bytes',
      { waiting: 'sum(gateway_stalled_answer_bytes)' },
    ],
    [
      'Clients cut',
      'A second, by reason.',
      'cps',
      { '{{reason}}': `sum by (reason) (${rate('gateway_stalled_clients_cut_total')})` },
    ],
    [
      'Spans dropped',
      'A second, by reason.',
      'cps',
      { '{{reason}}': `sum by (reason) (${rate('gateway_trace_spans_dropped_total')})` },
    ],
    ['Log lines lost', 'Since the start.', 'none', { lost: 'sum(gateway_log_lines_lost_total)' }],
    [
      'Reloads',
      'Of the configuration, in the last hour.',
      'none',
      { '{{outcome}}': 'sum by (outcome) (increase(gateway_config_reloads_total[1h]))' },
    ],
    [
      'Observer faults',
      'Bugs of the gateway, since the start.',
      'none',
      { '{{observer}}': 'sum by (observer) (gateway_observer_faults_total)' },
    ],
  ],
};

export function makeDashboard(): Dashboard {
  const dashboard = new DashboardBuilder('Completions gateway')
    .uid('completions-gateway')
    .tags(['completions-gateway', 'generated'])
    .refresh('30s')
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .withVariable(new DatasourceVariableBuilder('source').label('Source').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('model')
        .label('Model')
        .datasource(SOURCE)
        .query('label_values(gen_ai_server_request_duration_seconds_count, gen_ai_request_model)')
        .multi(true)
        .includeAll(true)
        .allValue('.*'),
    );
  for (const [question, panels] of Object.entries(ROWS)) {
    dashboard.withRow(new RowBuilder(question));
    for (const panel of panels) dashboard.withPanel(panelOf(panel, Math.floor(24 / panels.length)));
  }
  return dashboard.build();
}

function panelOf([title, description, unit, expressions]: PanelOfRow, span: number): StatBuilder | TimeSeriesBuilder {
  const panel = (
    unit === 'state'
      ? new StatBuilder()
      : new TimeSeriesBuilder().legend(new VizLegendOptionsBuilder().showLegend(true))
  )
    .title(title)
    .description(description)
    .unit(unit === 'state' ? 'none' : unit)
    .min(0)
    .datasource(SOURCE)
    .span(span)
    .height(8);
  for (const [index, [legend, expression]] of Object.entries(expressions).entries()) {
    panel.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCharCode(65 + index))
        .expr(expression)
        .legendFormat(legend)
        // Links to traces of single requests.
        .exemplar(expression.startsWith('histogram_quantile')),
    );
  }
  return panel;
}

export const DASHBOARD_FILE = fileURLToPath(new URL('completions-gateway.json', import.meta.url));
/** The content that the committed file must have. */
export const dashboardText = (): string => `${JSON.stringify(makeDashboard(), null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DASHBOARD_FILE, dashboardText());
