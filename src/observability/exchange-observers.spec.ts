import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.js';
import { Exchange } from './exchange.js';
import { ExchangeObservers } from './exchange-observers.js';
import { createLogger } from './logger.js';
import { Metrics } from './metrics.js';

const EXCHANGE = new Exchange('request-1', 0, 'POST', '/v1/completions');

describe('the observers of exchanges', () => {
  let clock: ManualClock;
  let metrics: Metrics;
  let lines: Record<string, unknown>[];
  let observers: ExchangeObservers;
  let seen: Exchange[];

  beforeEach(() => {
    clock = new ManualClock();
    metrics = new Metrics();
    lines = [];
    seen = [];
    const logger = createLogger('info', { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
    observers = new ExchangeObservers(logger, clock, metrics.observerFaults);
  });

  const faulty = {
    ended: () => {
      throw new Error('It broke.');
    },
  };

  it('are all told, whatever one of them does', () => {
    observers.add('faulty', faulty).add('sound', { ended: (exchange) => seen.push(exchange) });
    observers.ended(EXCHANGE);
    expect(seen).toEqual([EXCHANGE]);
  });

  it('have each fault counted, and logged at most each 10 s with how many there were', async () => {
    observers.add('faulty', faulty);
    for (let count = 0; count < 5; count++) observers.ended(EXCHANGE);
    clock.advance(10_000);
    observers.ended(EXCHANGE);
    expect(lines).toMatchObject([
      { level: 'error', id: 'request-1', observer: 'faulty', faults: 1, err: { message: 'It broke.' } },
      { level: 'error', observer: 'faulty', faults: 5 },
    ]);
    expect(await metrics.read()).toContain('gateway_observer_faults_total{observer="faulty"} 6');
  });

  it('do no harm when the log is what is at fault', async () => {
    const logger = createLogger('info', {
      write: () => {
        throw new Error('The log broke.');
      },
    });
    observers = new ExchangeObservers(logger, clock, metrics.observerFaults);
    observers.add('faulty', faulty).add('sound', { ended: (exchange) => seen.push(exchange) });
    observers.ended(EXCHANGE);
    expect(seen).toEqual([EXCHANGE]);
    expect(await metrics.read()).toContain('gateway_observer_faults_total{observer="faulty"} 1');
  });
});
