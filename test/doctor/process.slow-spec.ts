import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { FEATURE_NAMES } from '../../src/engines/feature-names.js';
import { EngineProcess } from '../support/engine-process.js';
import { FakeEngine, type FakeEngineName } from '../support/engines/fake-engine.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { type Finished, runCli } from '../support/programs.js';

interface Report {
  engine?: string;
  closestEngine?: string;
  isTrue: boolean;
  findings: { item: string; verdict: string; isTooMuch?: boolean }[];
  extraParameters: object;
  proposal: { engine: string; capabilities: object };
}

/** What `npm run doctor` runs. */
function doctor(args: string[], env: Record<string, string> = {}): Promise<Finished> {
  return runCli('doctor/main.js', args, { GATEWAY_CONFIG: configFile([]), ...env });
}

function configFile(upstreams: object[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'doctor-')), 'gateway.yaml');
  writeFileSync(file, stringify({ upstreams }));
  return file;
}

async function withFake<T>(name: FakeEngineName, use: (fake: FakeEngine) => Promise<T>): Promise<T> {
  const fake = await FakeEngine.start(name);
  try {
    return await use(fake);
  } finally {
    await fake.stop();
  }
}

describe('npm run doctor, beside the embedded engine', () => {
  let engine: EngineProcess;

  beforeAll(async () => {
    engine = await EngineProcess.start();
  });

  afterAll(() => engine.stop());

  it('finds every capability honoured and the profile true, and exits with 0', async () => {
    const { code, stdout, stderr } = await doctor(['--base-url', engine.baseUrl, '--engine', 'embedded', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as Report;
    const verdicts = new Map(report.findings.map(({ item, verdict }) => [item, verdict]));
    for (const name of FEATURE_NAMES) expect([name, verdicts.get(name)]).toEqual([name, 'honoured']);
    const others = [...verdicts].filter(([, verdict]) => verdict !== 'honoured');
    expect(others).toEqual([
      ['unknown field', 'refused'],
      ['infill endpoint', 'refused'],
      ['token count endpoint', 'refused'],
      ['hang-up of a whole answer', 'unclear'],
    ]);
    expect(report).toMatchObject({
      engine: 'embedded',
      isTrue: true,
      extraParameters: { claim: 'forward', proposal: 'forward', isTooMuch: false },
      proposal: { engine: 'embedded', capabilities: {} },
    });
  });

  it('recognizes it, and prints the options for the configuration', async () => {
    const { code, stdout } = await doctor(['--base-url', `${engine.baseUrl}/`, '--model', 'storyteller']);
    expect(code).toBe(0);
    expect(stdout).toContain('The closest profile is that of embedded.');
    expect(stdout).toMatch(/^ {2}seed +honoured +passes it on$/m);
    expect(stdout).toMatch(/gateway\.yaml:\n\n {4}engine: embedded\n$/);
  });
});

describe('npm run doctor, beside a configured upstream', () => {
  it('asks it for the configured model, and exits with 0 when its profile is true', async () => {
    await withFake('ollama', async (fake) => {
      const upstream = { name: 'laptop', baseUrl: fake.baseUrl, engine: 'ollama', models: { '*': '*', nice: 'tiny' } };
      const env = { GATEWAY_CONFIG: configFile([{ ...upstream, apiKey: '${KEY}' }]), KEY: 'the-credential' };
      const { code, stdout, stderr } = await doctor(['--upstream', 'laptop'], env);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('model tiny, beside the profile of ollama');
      expect(stdout).toContain('The profile is true: nothing has to be changed.');
      expect(stdout).not.toContain('the-credential');
      for (const { headers } of fake.requests) expect(headers.authorization).toBe('Bearer the-credential');
    });
  });

  it('exits with 1 when its profile claims too much, and prints overrides that make it true', async () => {
    await withFake('sglang', async (fake) => {
      const upstream = { name: 'gpu', baseUrl: fake.baseUrl, engine: 'openai' };
      const first = await doctor(['--upstream', 'gpu'], { GATEWAY_CONFIG: configFile([upstream]) });
      expect(first.code).toBe(1);
      expect(first.stdout).toMatch(/^! best_of +ignored .*passes it on$/m);
      const [, yaml = ''] = /in place of what is there:\n\n([^]*)$/.exec(first.stdout) ?? [];
      const mended = { ...upstream, ...(parse(yaml) as object) };
      expect(mended).toMatchObject({
        engine: 'openai',
        capabilities: { best_of: 'emulate', max_tokens_zero: 'emulate' },
      });
      const second = await doctor(['--upstream', 'gpu'], { GATEWAY_CONFIG: configFile([mended]) });
      expect(second.code).toBe(0);
      expect(second.stdout).toContain('The profile is true');
    });
  });

  it('takes the command line before the configuration', async () => {
    await withFake('chat-only', async (fake) => {
      const env = { GATEWAY_CONFIG: configFile([{ name: 'any', baseUrl: fake.baseUrl, apiKey: 'one' }]) };
      const args = ['--upstream', 'any', '--engine', 'openai', '--api', 'chat', '--model', 'tiny', '--api-key', 'two'];
      const { code, stdout } = await doctor([...args, '--json'], env);
      expect(code).toBe(0);
      expect((JSON.parse(stdout) as Report).proposal).toEqual({
        engine: 'openai',
        api: 'chat',
        extraParameters: 'forward',
        capabilities: {},
      });
      expect(fake.requests[0]?.headers.authorization).toBe('Bearer two');
    });
  });
});

describe('npm run doctor, when nothing can be examined', () => {
  it.each([
    [[], 'Expected either --upstream or --base-url.'],
    [['--upstream', 'a', '--base-url', 'http://127.0.0.1:9/v1'], 'Expected either --upstream or --base-url.'],
    [['--base-url', 'localhost'], '--base-url must be an http or https URL'],
    [['--base-url', 'http://127.0.0.1:9/v1', '--engine', 'gpt'], '--engine must be one of: openai, vllm'],
    [['--base-url', 'http://127.0.0.1:9/v1', '--api', 'responses'], '--api must be one of: completions, chat'],
    [['--base-url', 'http://127.0.0.1:9/v1', '--fast'], "Unknown option '--fast'"],
    [['--base-url', 'http://127.0.0.1:9/v1'], 'http://127.0.0.1:9/v1 cannot be reached'],
    [['--base-url', 'http://127.0.0.1:9/v1', '--model', 'm'], 'Start the server, or correct the base URL.'],
    [['--upstream', 'a'], 'No upstream is configured'],
  ])('exits with 2 and says what to do: %j', async (args, message) => {
    const { code, stdout, stderr } = await doctor(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('names the configured upstreams, and what is wrong with the configuration', async () => {
    const upstream = { name: 'gpu', baseUrl: 'http://127.0.0.1:9/v1' };
    const unknown = await doctor(['--upstream', 'cpu'], { GATEWAY_CONFIG: configFile([upstream]) });
    expect(unknown).toMatchObject({ code: 2, stderr: 'The configuration has no upstream cpu; there are gpu.\n' });
    const wrong = await doctor(['--upstream', 'gpu'], { GATEWAY_CONFIG: configFile([{ ...upstream, engine: 'gpt' }]) });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('upstreams[0].engine: must be one of');
  });

  it('exits with 2 when the model is unknown, or no plain text is completed', async () => {
    await withFake('openai', async (fake) => {
      const unknown = await doctor(['--base-url', fake.baseUrl, '--model', 'other']);
      expect(unknown).toMatchObject({ code: 2, stdout: '' });
      expect(unknown.stderr).toContain(
        'with the model other: HTTP 404: The model `other` does not exist. Name a model',
      );
      fake.trouble = () => 500;
      const ill = await doctor(['--base-url', fake.baseUrl]);
      expect(ill.code).toBe(2);
      expect(ill.stderr).toContain('HTTP 500: out of memory. Nothing else can be examined until that works.');
    });
    const empty = await FakeUpstream.start();
    empty.models = [];
    const { code, stderr } = await doctor(['--base-url', empty.baseUrl]);
    await empty.stop();
    expect(code).toBe(2);
    expect(stderr).toContain('/models names no model (status 200). Name one with --model');
  });

  it('shows its usage with --help', async () => {
    const { code, stdout } = await doctor(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('usage: npm run doctor');
  });
});
