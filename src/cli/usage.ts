import { parseArgs } from 'node:util';
import type { UsageBucketDto, UsagePageDto } from '../admin/dto/usage.dto.js';
import { asCsv, asTable, type Dimension, DIMENSIONS, reportOf } from './usage-report.js';

/** `npm run usage`: prints the usage that a running gateway reports. */

const USAGE = `usage: ADMIN_API_KEY=… npm run usage -- [--by NAME]... [--last TIME] [--csv] [--url URL]

  --by    what to group by: ${Object.keys(DIMENSIONS).join(', ')}; repeat it for several (default: project)
  --last  the time range, such as 30d, 24h or 60m (default: 30d)
  --csv   comma-separated values instead of a table
  --url   the gateway (default: http://127.0.0.1:8080)
`;

/** By unit of `--last`: the bucket's name, its seconds, and the most buckets of a page. */
const BUCKETS = { d: ['1d', 86_400, 31], h: ['1h', 3_600, 168], m: ['1m', 60, 1_440] } as const;

interface Options {
  by: Dimension[];
  last: string;
  csv: boolean;
  url: string;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      by: { type: 'string', multiple: true, default: ['project'] },
      last: { type: 'string', default: '30d' },
      csv: { type: 'boolean', default: false },
      url: { type: 'string', default: 'http://127.0.0.1:8080' },
    },
  });
  if (!values.by.every((name) => Object.hasOwn(DIMENSIONS, name)))
    throw new Error(`--by: expected one of ${Object.keys(DIMENSIONS).join(', ')}`);
  if (!/^[1-9]\d{0,4}[dhm]$/.test(values.last)) throw new Error('--last: expected a time such as 30d, 24h or 60m');
  return { ...values, by: values.by as Dimension[] };
}

async function bucketsOf({ by, last, url }: Options, key: string): Promise<UsageBucketDto[]> {
  const [bucketWidth, width, limit] = BUCKETS[last.slice(-1) as keyof typeof BUCKETS];
  const now = Math.floor(Date.now() / 1000);
  const start = now - (Number(last.slice(0, -1)) - 1) * width;
  const query = new URLSearchParams({ start_time: String(start), bucket_width: bucketWidth, limit: String(limit) });
  for (const dimension of by) query.append('group_by[]', DIMENSIONS[dimension]);
  const buckets: UsageBucketDto[] = [];
  for (let page: string | null = ''; page !== null;) {
    if (page !== '') query.set('page', page);
    const address = `${url}/v1/organization/usage/completions?${query.toString()}`;
    const response = await fetch(address, { headers: { authorization: `Bearer ${key}` } });
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    const answer = (await response.json()) as UsagePageDto;
    buckets.push(...answer.data);
    page = answer.next_page;
  }
  return buckets;
}

async function main(): Promise<void> {
  const options = readOptions();
  const key = process.env.ADMIN_API_KEY;
  if (!key) throw new Error('ADMIN_API_KEY: expected a key that may administer');
  const report = reportOf(await bucketsOf(options, key), options.by);
  process.stdout.write(options.csv ? asCsv(report) : asTable(report, options.by.length));
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 1;
}
