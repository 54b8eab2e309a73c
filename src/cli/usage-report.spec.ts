import { describe, expect, it } from '@jest/globals';
import type { CompletionsUsageDto, UsageBucketDto } from '../admin/dto/usage.dto.js';
import { asCsv, asTable, reportOf } from './usage-report.js';

function bucket(...results: Partial<CompletionsUsageDto>[]): UsageBucketDto {
  const counts = { num_model_requests: 1, num_errors: 0, input_tokens: 10, output_tokens: 5 };
  return {
    object: 'bucket',
    start_time: 0,
    end_time: 60,
    results: results.map((result) => ({ ...counts, ...result })) as CompletionsUsageDto[],
  };
}

describe('the report of usage', () => {
  const report = reportOf(
    [bucket({ project_id: 'a' }, { project_id: null }), bucket({ project_id: null })],
    ['project'],
  );

  it('sums buckets by group, the largest first, with a dash for no group', () => {
    expect(report).toEqual([
      ['project', 'requests', 'errors', 'input tokens', 'output tokens'],
      ['-', '2', '0', '20', '10'],
      ['a', '1', '0', '10', '5'],
    ]);
  });

  it('is a table with right-aligned numbers', () => {
    expect(asTable(report, 1)).toBe(
      'project  requests  errors  input tokens  output tokens\n' +
        '-               2       0            20             10\n' +
        'a               1       0            10              5\n',
    );
  });

  it('is CSV whose names are never formulas, and never break a line', () => {
    expect(asCsv([['=1+1', 'a "b", c', '-', '5']])).toBe('\'=1+1,"a ""b"", c",-,5\r\n');
  });
});
