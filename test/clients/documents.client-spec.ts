import { it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithTools, ROOT, runTool } from '../support/client-tools.js';

const DOCUMENTS = ['openapi.json', 'openapi-admin.json'];

describeWithTools(['redocly'], 'Redocly', () => {
  it.each(DOCUMENTS)('finds no error in %s', (document) => {
    runTool(['redocly', 'lint', document], ROOT);
  });
});

describeWithTools(['spectral'], 'Spectral', () => {
  it.each(DOCUMENTS)('finds no error in %s', (document) => {
    const folder = mkdtempSync(join(tmpdir(), 'spectral-'));
    try {
      const rules = join(folder, 'rules.json');
      writeFileSync(rules, JSON.stringify({ extends: ['spectral:oas'] }));
      runTool(['spectral', 'lint', '--ruleset', rules, document], ROOT);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
