import { describe, expect, it } from '@jest/globals';
import { ByteBudget } from '../../common/byte-budget.js';
import { DeliveredText } from './delivered-text.js';

describe('a delivered text', () => {
  it('is what was appended, halves of characters included', () => {
    const text = new DeliveredText(new ByteBudget(Infinity).open());
    const [high = '', low = ''] = '🐟'.split('');
    const chunks = Array.from({ length: 5_000 }, (_, index) => (index % 2 === 0 ? high : low + String(index)));
    for (const chunk of chunks) text.append(chunk);
    expect(text.value === chunks.join('')).toBe(true);
    expect(text.length).toBe(chunks.join('').length);
  });

  it('is dropped when the budget is used up, and gives its bytes back', () => {
    const budget = new ByteBudget(10_000);
    const [long, short] = [new DeliveredText(budget.open()), new DeliveredText(budget.open())];
    long.append('x'.repeat(4_000));
    short.append('y'.repeat(1_500));
    expect([long.value?.length, short.value]).toEqual([4_000, undefined]);
    const next = new DeliveredText(budget.open());
    long.append('x'.repeat(1_024));
    next.append('z'.repeat(4_900));
    expect([long.value, long.length, next.value?.length]).toEqual([undefined, 5_024, 4_900]);
  });

  it('without a share takes no bytes', () => {
    const text = new DeliveredText(undefined);
    text.append('Hello');
    expect([text.value, text.length]).toEqual([undefined, 5]);
  });
});
