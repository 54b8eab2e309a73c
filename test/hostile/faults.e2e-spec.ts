import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeUpstream, holdStream } from '../support/fake-upstream.js';
import { postCompletion } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';

/** A mistake of the program's own, made on SIGUSR2. */
const THROWN = "process.on('SIGUSR2', () => { throw new Error('A mistake.'); });";
const REJECTED = "process.on('SIGUSR2', () => void Promise.reject(new Error('A mistake.')));";

describe('an uncaught fault', () => {
  let upstream: FakeUpstream;
  let gateway: GatewayProcess;
  let finish: () => void;

  beforeEach(async () => {
    const { behaviour, release } = holdStream();
    finish = release;
    upstream = await FakeUpstream.start(behaviour);
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  /** The gateway, with `script` run first in each of its processes. */
  function start(script: string, server: object = {}): Promise<string> {
    const file = join(mkdtempSync(join(tmpdir(), 'fault-')), 'fault.cjs');
    writeFileSync(file, script);
    const config = { server, upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl }] };
    gateway = GatewayProcess.spawn(config, { NODE_OPTIONS: `--require=${file}` });
    return gateway.listening();
  }

  const openStream = (url: string) =>
    postCompletion(url, { model: 'test-model', prompt: 'Hi', stream: true }, { headers: { connection: 'close' } });

  it.each([
    ['an exception', THROWN, 'uncaughtException'],
    ['a rejected promise', REJECTED, 'unhandledRejection'],
  ])('is logged, lets what is under way end, and ends the process with 1: %s', async (_name, script, origin) => {
    const response = await openStream(await start(script));
    gateway.kill('SIGUSR2');
    await gateway.logged(({ msg }) => msg === 'shutting down');
    finish();
    expect(await response.text()).toContain('[DONE]');
    expect(await gateway.ended).toMatchObject({ exitCode: 1 });
    const fault = { level: 'fatal', origin, err: { message: 'A mistake.' }, msg: 'uncaught fault' };
    expect(gateway.logLines).toContainEqual(
      expect.objectContaining({ ...fault, err: expect.objectContaining(fault.err) }),
    );
  });

  it('changes nothing more when it comes again and again', async () => {
    const response = await openStream(await start(THROWN));
    gateway.kill('SIGUSR2');
    await gateway.logged(({ msg }) => msg === 'shutting down');
    for (let count = 2; count <= 12; count++) {
      gateway.kill('SIGUSR2');
      const isLogged = (): boolean =>
        gateway.logLines.filter(({ level }) => level === 'fatal').length >= Math.min(count, 10);
      await gateway.logged(isLogged);
    }
    gateway.kill('SIGTERM');
    finish();
    expect(await response.text()).toContain('[DONE]');
    expect(await gateway.ended).toMatchObject({ exitCode: 1 });
    expect(gateway.logLines.filter(({ level }) => level === 'fatal')).toHaveLength(10);
    expect(gateway.logLines.filter(({ msg }) => msg === 'shutting down')).toHaveLength(1);
  });

  it('of the primary process ends all workers in order, and exits with 1', async () => {
    const response = await openStream(await start(THROWN, { workers: 2 }));
    gateway.kill('SIGUSR2');
    await gateway.logged(({ msg }) => msg === 'shutting down');
    finish();
    expect(await response.text()).toContain('[DONE]');
    expect(await gateway.ended).toMatchObject({ exitCode: 1 });
  });

  it('of a worker ends that worker in order, and another one replaces it at once', async () => {
    const url = await start(THROWN, { workers: 2 });
    const response = await openStream(url);
    const served = (): Record<string, unknown>[] => gateway.logLines.filter(({ msg }) => msg === 'a worker serves');
    // A line is written up to 100 ms after what it tells of.
    await gateway.logged(() => served().length === 2);
    const [{ worker } = {}] = served();
    for (const { pid } of served()) process.kill(Number(pid), 'SIGUSR2');
    await gateway.logged(() => served().length === 4);
    expect(gateway.logLines).toContainEqual(expect.objectContaining({ level: 'fatal', worker, msg: 'uncaught fault' }));
    finish();
    expect(await response.text()).toContain('[DONE]');
    expect(await (await openStream(url)).text()).toContain('[DONE]');
  });
});
