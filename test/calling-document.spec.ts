import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { GatewayConfig, UpstreamConfig } from '../src/config/config.js';

const { server, routing } = new GatewayConfig();
const { timeouts } = new UpstreamConfig();

const mebibytes = (bytes: number): string => `${bytes / 1024 / 1024} MiB`;
const seconds = (milliseconds: number): string => `${milliseconds / 1000} s`;
const minutes = (milliseconds: number): string => `${milliseconds / 60_000} min`;

describe('docs/calling.md', () => {
  const rows = readFileSync('docs/calling.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'));

  it.each([
    ['a body', mebibytes(server.bodyLimitBytes)],
    ['bodies of one API key', mebibytes(server.bodyBudgetBytes / 4)],
    ['that the gateway splits', mebibytes(routing.maxFanOutBytes)],
    ['that the gateway puts together', mebibytes(routing.maxMergedAnswerBytes)],
    ['that wait for a slot', routing.maxQueue.toLocaleString('en')],
    ['a connection without a request', seconds(server.keepAliveTimeoutMs)],
    ['the wait for a slot', seconds(routing.queueTimeoutMs)],
    ['first byte', seconds(timeouts.firstByteMs)],
    ['silence of the engine', seconds(timeouts.idleMs)],
    ['one attempt', seconds(timeouts.totalMs)],
    ['all of it', minutes(routing.deadlineMs)],
    ['a client that takes nothing', seconds(server.clientStallMs)],
  ])('says the default of %s: %s', (what, value) => {
    const row = rows.find((line) => line.split('|')[1]?.includes(what));
    expect(row?.split('|')[2]).toContain(value);
  });
});
