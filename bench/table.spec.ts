import { describe, expect, it } from '@jest/globals';
import type { Run } from './figures.ts';
import { number, tableOf, tablesOf } from './table.ts';

const run: Run = {
  machine: ['2 cores'],
  rounds: 3,
  isQuick: false,
  contenders: {
    nginx: {
      cpuUsPerRequest: { median: 12.04, minimum: 11.5, maximum: 1234 },
      requestsPerSecond: { median: 40_000, minimum: 40_000, maximum: 40_000 },
      addedP50Ms: null,
    },
    direct: { directP50Ms: { median: 0.1, minimum: 0.1, maximum: 0.1 } },
  },
};

describe('a table of figures', () => {
  it('has the median and the spread, and a dash for what was not measured', () => {
    expect(tableOf(run, 'json')).toBe(
      [
        '|  | CPU µs a request | requests/s | two cores, × one | added latency p50, ms | added latency p99, ms |',
        '| --- | --: | --: | --: | --: | --: |',
        '| nginx | 12.0 (11.5–1,234.0) | 40,000 | – | – | – |',
      ].join('\n'),
    );
  });

  it('keeps the harness apart from the contenders', () => {
    expect(tableOf(run, 'harness')).toMatch(/\n\| direct \| – \| 0\.10 \|/);
    expect(tableOf(run, 'harness')).not.toMatch('nginx');
  });

  it('exists for every group', () => {
    expect(tablesOf(run).match(/^\*\*/gm)).toHaveLength(4);
  });
});

describe('a number', () => {
  it.each([
    [1234.5, 0, '1,235'],
    [-0.004, 2, '0.00'],
    [-0.25, 2, '−0.25'],
  ])('%d with %d digits is written %j', (value, digits, expected) => {
    expect(number(value, digits)).toBe(expected);
  });
});
