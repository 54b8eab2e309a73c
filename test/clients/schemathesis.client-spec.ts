import { afterAll, beforeAll, it } from '@jest/globals';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithTools, ROOT, runTool } from '../support/client-tools.js';
import { API_KEY } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { SEED } from '../support/seed.js';

describeWithTools(['schemathesis'], 'Schemathesis, for a minute', () => {
  let program: GatewayProcess;
  let url: string;
  let folder: string;

  beforeAll(async () => {
    program = GatewayProcess.spawn({});
    url = await program.listening();
    folder = mkdtempSync(join(tmpdir(), 'schemathesis-'));
    cpSync(join(ROOT, 'test/clients/schemathesis'), folder, { recursive: true });
  });

  afterAll(async () => {
    await program.stop();
    rmSync(folder, { recursive: true });
  });

  it('finds no answer that is not as the document says', () => {
    runTool(
      [
        ...['schemathesis', 'run', `${url}/openapi.json`, '--header', `Authorization: Bearer ${API_KEY}`],
        ...['--checks', 'all', '--max-time', '60', '--request-timeout', '20', '--seed', String(SEED), '--no-color'],
      ],
      folder,
    );
  }, 150_000);
});
