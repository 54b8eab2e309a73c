import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type OpenAI from 'openai';
import { type DatabaseOptions, describeOnDatabases, storageOn } from '../support/databases.js';
import {
  type Behaviour,
  breakAfter,
  chunk,
  completion,
  events,
  FakeUpstream,
  replyEvents,
  replyJson,
} from '../support/fake-upstream.js';
import { postCompletion } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IdentityGateway } from '../support/identity-gateway.js';
import { ManualClock } from '../support/manual-clock.js';
import { runCli } from '../support/programs.js';
import { until } from '../support/wait.js';

const ADMIN_KEY = 'an-admin-key';
const DAY_S = 86_400;
/** USAGE_REQUESTS=20000 takes some minutes. */
const REQUESTS = Number(process.env.USAGE_REQUESTS ?? 2_000);
const WAVE = 50;

describeOnDatabases('usage', (newDatabase, postgres) => {
  let upstream: FakeUpstream;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    upstream = await FakeUpstream.start(replyJson(completion('Hello')));
    stop = () => Promise.resolve();
  });

  afterEach(async () => {
    await stop();
    await upstream.stop();
  });

  it('is read by the openai package 7.57.0, by bucket, group and filter, page by page', async () => {
    const clock = new ManualClock();
    const gateway = await IdentityGateway.start(await newDatabase(), upstream, clock);
    stop = () => gateway.stop();
    const start = Math.floor(clock.now() / 1000);
    const complete = async (model: string, fields: object = {}): Promise<void> => {
      await (await gateway.complete(gateway.keys.apiKey, { model, ...fields })).text();
    };
    // No database stores a NUL.
    for (const user of ['ann', 'bob', 'a\0b']) await complete('llama', { user });
    upstream.onCompletion(replyJson({ error: { message: 'no' } }, 400));
    await complete('mistral');
    const { usage } = gateway.admin().admin.organization;
    type Query = OpenAI.Admin.Organization.UsageCompletionsParams;
    const read = async (query: Omit<Query, 'start_time'>) => {
      const buckets: OpenAI.Admin.Organization.UsageCompletionsResponse.Data[] = [];
      let page: string | undefined;
      do {
        const answer = await usage.completions({ start_time: start, ...query, ...(page !== undefined && { page }) });
        buckets.push(...answer.data);
        page = answer.next_page ?? undefined;
      } while (page !== undefined);
      return buckets;
    };
    const count = async (): Promise<number> => {
      const [bucket] = await read({});
      return (bucket?.results[0] as { num_model_requests?: number } | undefined)?.num_model_requests ?? 0;
    };
    await until(
      'the rows',
      async () => (await count()) === 4,
      () => clock.advance(1_000),
    );
    const byModel = await read({ group_by: ['model'] });
    expect(byModel[0]?.results.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toMatchObject([
      { model: 'mistral', input_tokens: 0, output_tokens: 0, num_model_requests: 1, num_errors: 1, project_id: null },
      { model: 'llama', input_tokens: 6, output_tokens: 9, num_model_requests: 3, num_errors: 0, user_id: null },
    ]);
    const ofAnn = await read({ user_ids: ['ann'], group_by: ['user_id', 'project_id'] });
    expect(ofAnn[0]?.results).toMatchObject([
      {
        user_id: 'ann',
        project_id: expect.stringMatching(/^[0-9a-f]{24}$/),
        project_name: 'default',
        api_key_name: null,
        num_model_requests: 1,
      },
    ]);
    const byKey = await read({ group_by: ['api_key_id'] });
    expect(byKey[0]?.results).toMatchObject([{ api_key_name: 'first', project_name: null, num_model_requests: 4 }]);
    expect((await read({ user_ids: ['a\ufffdb'] }))[0]?.results).toMatchObject([{ num_model_requests: 1 }]);
    // The gateway's clock is another than the program's: the last 24 hours of the program are empty.
    const args = ['--by', 'model', '--last', '24h', '--csv', '--url', gateway.url];
    const { stdout } = await runCli('usage.js', args, { ADMIN_API_KEY: gateway.keys.adminKey });
    expect(stdout).toBe('model,requests,errors,input tokens,output tokens\r\n');
    const pages = await read({ bucket_width: '1d', limit: 2, end_time: start + 5 * DAY_S });
    expect(pages.map(({ start_time: time }) => time)).toEqual([0, 1, 2, 3, 4].map((day) => start + day * DAY_S));
    expect(pages.slice(1).every(({ results }) => results.length === 0)).toBe(true);
    await expect(usage.completions({ start_time: start, bucket_width: '1w' as '1d' })).rejects.toMatchObject({
      status: 422,
    });
  });

  it(
    `has each of ${REQUESTS} requests once, however they end, over two crashes of the database and a SIGTERM`,
    async () => {
      const database = await newDatabase();
      upstream.onCompletion(mixedEnds());
      let program = start(database);
      stop = () => program.stop();
      const url = await program.listening();
      for (let sent = 0; sent < REQUESTS - WAVE; sent += WAVE) {
        await wave(url);
        if (sent === REQUESTS / 4 || sent === REQUESTS * 0.7) await postgres()?.kill();
        if (sent === REQUESTS / 2 || sent === REQUESTS * 0.8) await postgres()?.resume();
      }
      const last = wave(url);
      await program.logged(() => true);
      program.kill('SIGTERM');
      await last;
      expect((await program.ended).exitCode).toBe(0);
      const logged = requestsIn(program);
      expect(logged.length).toBeGreaterThanOrEqual(REQUESTS - WAVE);
      // The next start writes what the end left in the spool.
      program = start(database);
      await program.listening();
      expect(await keptIn(database, program)).toEqual({ requests: logged, sum: logged.length });
    },
    REQUESTS * 30,
  );

  it('loses to a SIGKILL only what was not written yet', async () => {
    const database = await newDatabase();
    const program = start(database);
    stop = () => program.stop();
    const url = await program.listening();
    await wave(url);
    const written = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${ADMIN_KEY}` };
      const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
      return Number(/gateway_usage_rows_total\{outcome="written"\} (\d+)/.exec(metrics)?.[1] ?? 0);
    };
    let before: string[] = [];
    const areWritten = async (): Promise<boolean> => {
      before = requestsIn(program);
      return before.length > WAVE / 2 && (await written()) === before.length;
    };
    await until('the rows to be written', areWritten);
    await wave(url);
    await program.stop();
    const kept = await keptIn(database, program);
    expect(kept.requests).toEqual(expect.arrayContaining(before));
    expect(kept.sum).toBe(kept.requests.length);
    expect(new Set(kept.requests).size).toBe(kept.requests.length);
  });

  function start({ database, dataDir }: DatabaseOptions): GatewayProcess {
    const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl }];
    const config = { upstreams, database, dataDir, routing: { maxAttempts: 1 }, server: { drainTimeoutMs: 5_000 } };
    return GatewayProcess.spawn(config, { ADMIN_API_KEYS: ADMIN_KEY });
  }

  /** JSON, a stream, a client that leaves, an engine's error, a stream that breaks. */
  function mixedEnds(): Behaviour {
    let count = 0;
    return (response, request) => {
      count++;
      const answer = count % 7 === 0 ? replyJson({ error: { message: 'no' } }, 500) : replyJson(completion('Hi'));
      const stream =
        count % 5 === 0 ? breakAfter(events(chunk(' a'))) : replyEvents(chunk(' a'), chunk(' b', 'stop'), '[DONE]');
      return (request.body.stream === true ? stream : answer)(response, request);
    };
  }

  async function wave(url: string): Promise<void> {
    await Promise.all(
      Array.from({ length: WAVE }, async (_, at) => {
        const abort = new AbortController();
        try {
          const body = { model: 'llama', prompt: 'Hi', stream: at % 2 === 0 };
          const response = await postCompletion(url, body, { signal: abort.signal });
          if (at % 10 === 0) abort.abort();
          await response.text();
        } catch {
          // It left, or the stream broke, or the gateway ended.
        }
      }),
    );
  }
});

interface Kept {
  requests: string[];
  sum: number;
}

function requestsIn({ logLines }: GatewayProcess): string[] {
  const lines = logLines.filter(({ msg, model }) => msg === 'request' && model !== undefined);
  return lines.map(({ id }) => String(id)).toSorted();
}

/** What is in the database when the program has ended. */
async function keptIn(database: DatabaseOptions, program: GatewayProcess): Promise<Kept> {
  program.kill('SIGTERM');
  await program.ended;
  const storage = await storageOn(database);
  try {
    const rows = await storage.read((db) => db.selectFrom('usage_rows').select('request_id').execute());
    const sums = await storage.read((db) =>
      db.selectFrom('usage_sums').select('requests').where('width', '=', DAY_S).execute(),
    );
    return {
      requests: rows.map(({ request_id: id }) => id).toSorted(),
      sum: sums.reduce((sum, { requests }) => sum + requests, 0),
    };
  } finally {
    await storage.close();
  }
}
