import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../errors/api-error.js';
import { BodyBudget } from './body-budget.js';

const KEY_IS_FULL = { status: 429, code: 'rate_limit_exceeded', headers: { 'Retry-After': '1' } };
const PROCESS_IS_FULL = { status: 503, code: 'overloaded', headers: { 'Retry-After': '1' } };

function refusalOf(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { status, code, headers } = error;
    return { status, code, headers };
  }
  return undefined;
}

describe('BodyBudget', () => {
  it('gives one key a quarter, to the byte', () => {
    const budget = new BodyBudget(400);
    const first = budget.open('a');
    const second = budget.open('a');
    first.resize(60);
    second.resize(40);
    expect(refusalOf(() => second.resize(41))).toEqual(KEY_IS_FULL);
    expect(refusalOf(() => budget.open('b').resize(100))).toBeUndefined();
    first.resize(59);
    expect(refusalOf(() => second.resize(41))).toBeUndefined();
  });

  it('gives all keys together the whole', () => {
    const budget = new BodyBudget(400);
    const shares = ['a', 'b', 'c', 'd'].map((key) => budget.open(key));
    for (const share of shares) share.resize(100);
    const another = budget.open('e');
    expect(refusalOf(() => another.resize(1))).toEqual(PROCESS_IS_FULL);
    shares[0]?.release();
    shares[0]?.release();
    expect(refusalOf(() => another.resize(100))).toBeUndefined();
    expect(refusalOf(() => budget.open('f').resize(1))).toEqual(PROCESS_IS_FULL);
  });

  it('changes nothing when it refuses', () => {
    const budget = new BodyBudget(400);
    const share = budget.open('a');
    share.resize(90);
    expect(refusalOf(() => share.resize(101))).toEqual(KEY_IS_FULL);
    share.release();
    expect(refusalOf(() => budget.open('a').resize(100))).toBeUndefined();
  });
});
