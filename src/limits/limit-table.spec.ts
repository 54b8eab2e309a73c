import { describe, expect, it } from '@jest/globals';
import type { Caller } from '../auth/caller.js';
import { LimitTable } from './limit-table.js';

const KEY: Caller = {
  keyId: 'key',
  organization: 'acme',
  project: undefined,
  models: undefined,
  isAdmin: false,
  administers: true,
};

describe('the table of limits', () => {
  it('mistakes no project and model for others that read the same side by side', () => {
    const table = new LimitTable({}, []);
    const project = new Map([['team', { requestsPerMinute: 1 }]]);
    table.replaceStored({ key: new Map(), project, organization: new Map() });
    expect(table.rulesFor({ ...KEY, project: 'team large' }, 'model')).toEqual([]);
    expect(table.rulesFor({ ...KEY, project: 'team' }, 'large model')).toMatchObject([{ scope: 'project', limit: 1 }]);
  });
});
