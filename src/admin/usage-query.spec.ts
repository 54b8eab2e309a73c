import { describe, expect, it } from '@jest/globals';
import { thrownBy } from '../common/thrown-by.js';
import { readUsageQuery } from './usage-query.js';

describe('the query for usage', () => {
  it.each([
    ['bucket_width', 'toString'],
    ['bucket_width', ''],
    ['group_by', 'constructor'],
    ['group_by[]', '__proto__'],
  ])('refuses %s=%s', (name, value) => {
    const parameters = new URLSearchParams({ start_time: '0', [name]: value });
    const param = name.replace('[]', '');
    expect(thrownBy(() => readUsageQuery(parameters))).toMatchObject({ status: 422, code: 'enum', param });
  });
});
