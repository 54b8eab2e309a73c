import { describe, expect, it } from '@jest/globals';
import { ByteBudget } from './byte-budget.js';

describe('a budget of bytes', () => {
  it('is shared by all, and what is given back is there for others', () => {
    const budget = new ByteBudget(10);
    const [one, two] = [budget.open(), budget.open()];
    expect([one.take(6), two.take(5), two.take(4), one.take(1)]).toEqual([true, false, true, false]);
    one.release(2);
    expect([two.take(3), two.take(2)]).toEqual([false, true]);
    one.release();
    one.release();
    two.release();
    expect([two.take(11), two.take(10)]).toEqual([false, true]);
  });
});
