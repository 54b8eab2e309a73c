import { describe, expect, it } from '@jest/globals';
import { chartOf } from './chart.ts';

const exactly = (value: number) => ({ median: value, minimum: value, maximum: value });

describe('the chart', () => {
  const svg = chartOf({
    machine: [],
    rounds: 1,
    isQuick: false,
    contenders: {
      nginx: { cpuUsPerRequest: exactly(12), kilobytes4000: exactly(-1) },
      'this gateway': { cpuUsPerRequest: exactly(48) },
      'a <b> & c': { cpuUsPerRequest: exactly(24), cpuUsPerPacedChunk: null },
      direct: {},
    },
  });

  it('draws the bars in proportion, and highlights this gateway', () => {
    const widths = [...svg.matchAll(/<rect( class="own")? .*?width="(\d+)"/g)].map(([, own, width]) => [own, width]);
    expect(widths).toEqual([
      [undefined, '125'],
      [' class="own"', '500'],
      [undefined, '250'],
      // Negative values have no length.
      [undefined, '1'],
    ]);
  });

  it('is well-formed, and has colours for dark pages', () => {
    expect(svg).toContain('a &lt;b> &amp; c');
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg.match(/<text/g)).toHaveLength(svg.match(/<\/text>/g)?.length ?? 0);
  });
});
