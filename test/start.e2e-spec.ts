import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { postCompletion } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const UPSTREAM = { UPSTREAM_BASE_URL: 'http://127.0.0.1:9/v1' };

let gateway: GatewayProcess;

afterEach(() => gateway.stop());

describe('the built program, in few files', () => {
  let url: string;

  beforeEach(async () => {
    const [baseUrl, models] = [UPSTREAM.UPSTREAM_BASE_URL, ['storyteller']];
    gateway = GatewayProcess.spawn({ upstreams: [{ name: 'upstream', baseUrl, models }] });
    url = await gateway.listening();
  });

  it('is what the build has made', () => {
    expect(readFileSync(join(ROOT, 'dist/src/process/start.js'), 'utf8')).toContain('../bundle/start.js');
  });

  it('sets no names on functions at run time: each closure of a request would get a hidden class of its own', () => {
    const bundle = readFileSync(join(ROOT, 'dist/src/bundle/start.js'), 'utf8');
    expect(bundle).toContain('CompletionsController');
    expect(bundle).not.toContain('__name(');
  });

  it('serves the OpenAPI document that the unbundled program writes', async () => {
    const served: unknown = await (await fetch(`${url}/openapi.json`)).json();
    const written = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as object;
    expect(served).toEqual({ ...written, servers: [{ url }] });
  });

  it('serves Swagger UI with all that its page asks for', async () => {
    const page = await (await fetch(`${url}/docs`)).text();
    const files = [...page.matchAll(/(?:src|href)=['"](\.[^'"]+)['"]/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const response = await fetch(new URL(file, `${url}/docs`));
      expect({ file, status: response.status }).toEqual({ file, status: 200 });
      await response.arrayBuffer();
    }
  });

  it('knows the rules of the DTO classes', async () => {
    const response = await postCompletion(url, { model: 'test-model', prompt: 'Hi', temperature: 3, n: 'one' });
    expect(response.status).toBe(422);
    const text = await response.text();
    expect(text).toContain('temperature');
    expect(text).toContain('"n"');
  });
});

describe('what V8 has compiled', () => {
  let folder: string;
  let cache: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'start-'));
    cache = join(folder, 'dist/.compile-cache');
    const isOfBuild = (path: string): boolean => !path.endsWith('.compile-cache');
    cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true, filter: isOfBuild });
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is kept for the next start, even if this one is killed', async () => {
    gateway = GatewayProcess.spawn({}, UPSTREAM, join(folder, 'dist/src/main.js'));
    const url = await gateway.listening();
    // The first answer comes after the start is over.
    await (await fetch(`${url}/livez`)).text();
    await gateway.stop();
    expect(readdirSync(cache, { recursive: true }).length).toBeGreaterThan(3);
  });

  it('delays no start where it cannot be kept', async () => {
    writeFileSync(cache, 'a file where the folder would be');
    gateway = GatewayProcess.spawn({}, UPSTREAM, join(folder, 'dist/src/main.js'));
    const url = await gateway.listening();
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect(readFileSync(cache, 'utf8')).toBe('a file where the folder would be');
  });
});
