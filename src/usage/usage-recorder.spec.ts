import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../../test/support/manual-clock.js';
import { until } from '../../test/support/wait.js';
import { Exchange } from '../observability/exchange.js';
import { createLogger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { BATCH_MS, UsageRecorder, type UsageSink } from './usage-recorder.js';
import type { UsageRow } from '../storage/schema.js';
import { UsageSpool } from './usage-spool.js';

/** A database that takes each row once, and can be away. */
class Table implements UsageSink {
  readonly rows = new Map<string, UsageRow>();
  readonly batches: number[] = [];
  isDown = false;

  write(rows: readonly string[]): Promise<void> {
    if (this.isDown) return Promise.reject(new Error('the database is away'));
    this.batches.push(rows.length);
    for (const row of rows.map((json) => JSON.parse(json) as UsageRow)) this.rows.set(row.id, row);
    return Promise.resolve();
  }

  get requests(): string[] {
    return [...this.rows.values()].map(({ request_id: id }) => id).sort();
  }
}

describe('the recorder of usage', () => {
  let clock: ManualClock;
  let table: Table;
  let folder: string;
  let lines: Record<string, unknown>[];
  let metrics: Metrics;
  let recorder: UsageRecorder;
  let last: number;

  beforeEach(() => {
    clock = new ManualClock();
    table = new Table();
    folder = mkdtempSync(join(tmpdir(), 'usage-'));
    lines = [];
    metrics = new Metrics();
    last = 0;
    recorder = recorderOn(1_000_000);
  });

  afterEach(async () => {
    await recorder.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function recorderOn(maxBytes: number): UsageRecorder {
    const logger = createLogger('info', { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
    const onDrop = (rows: number): void => metrics.usageRows.inc({ outcome: 'dropped' }, rows);
    return new UsageRecorder(table, new UsageSpool(folder, maxBytes, onDrop), clock, metrics, logger);
  }

  function serve(count: number): string[] {
    return Array.from({ length: count }, () => {
      const exchange = new Exchange(
        `request ${String(++last).padStart(5, '0')}`,
        clock.now(),
        'POST',
        '/v1/completions',
      );
      Object.assign(exchange, { keyId: 'team', model: 'llama', status: 200, endedAt: clock.now() + 10 });
      recorder.ended(exchange);
      return exchange.id;
    });
  }

  const spooled = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.ndjson'));
  const outcome = async (name: string): Promise<number> => {
    const { values } = await metrics.usageRows.get();
    return values.find(({ labels }) => labels.outcome === name)?.value ?? 0;
  };

  it('writes what has ended each second, and at once when it is five hundred', async () => {
    const first = serve(3);
    expect(table.rows.size).toBe(0);
    clock.advance(BATCH_MS);
    await until('the batch', () => table.rows.size === 3);
    expect(table.requests).toEqual(first);
    serve(500);
    await until('the large batch', () => table.rows.size === 503);
    expect(table.batches).toEqual([3, 500]);
  });

  it('keeps on disk what the database does not take, and brings it in when it is back, each once', async () => {
    table.isDown = true;
    const requests: string[] = [];
    for (let batch = 1; batch <= 3; batch++) {
      requests.push(...serve(2));
      const step = (): void => clock.advance(BATCH_MS);
      await until('the batch on disk', () => spooled().length === batch, step);
    }
    table.isDown = false;
    const step = (): void => clock.advance(BATCH_MS);
    await until('the database to have all', () => table.rows.size === 6 && spooled().length === 0, step);
    expect(table.requests).toEqual(requests);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'usage cannot be written to the database, and waits on disk',
      'usage is written to the database again',
    ]);
    expect([await outcome('spooled'), await outcome('written')]).toEqual([6, 6]);
  });

  it('leaves for the next start what the database has not taken at the end', async () => {
    table.isDown = true;
    const requests = serve(4);
    await recorder.close();
    expect(spooled()).toHaveLength(1);
    table.isDown = false;
    recorder = recorderOn(1_000_000);
    recorder.begin();
    clock.advance(BATCH_MS);
    await until('the next start to bring them in', () => table.rows.size === 4);
    expect(table.requests).toEqual(requests);
  });

  it('gives up the oldest when the disk is to hold no more, and counts them', async () => {
    recorder = recorderOn(1_000);
    table.isDown = true;
    for (let batch = 1; batch <= 3; batch++) {
      serve(1);
      const expected = batch;
      const isSpooled = async (): Promise<boolean> => (await outcome('spooled')) === expected;
      await until('the batch on disk', isSpooled, () => clock.advance(BATCH_MS));
    }
    expect(spooled().length).toBeLessThan(3);
    expect(await outcome('dropped')).toBe(3 - spooled().length);
    table.isDown = false;
    await recorder.close();
    expect(table.requests.at(-1)).toBe('request 00003');
  });

  it('has no row for what is no completion, or was refused before its body was checked', async () => {
    recorder.ended(new Exchange('probe', 0, 'GET', '/livez'));
    await recorder.close();
    expect(table.rows.size).toBe(0);
  });
});
