import { describe, expect, it } from '@jest/globals';
import { parseStat, treeOf } from './process-tree.ts';

/** As the kernel writes it, up to field 24. */
function statLine(name: string): string {
  return `4711 (${name}) S 815 4711 4711 0 -1 4194304 900 0 3 0 250 50 20 5 20 0 11 0 123456 700000000 2048 18446744073709551615\n`;
}

describe('parseStat', () => {
  it('reads the time of the process and of its ended children, and its resident pages', () => {
    expect(parseStat(statLine('node'))).toEqual({ pid: 4711, parentPid: 815, cpuTicks: 325, residentPages: 2048 });
  });

  it.each(['nginx: worker process', 'a) R 1 (b', ')'])('is not misled by the name %j', (name) => {
    expect(parseStat(statLine(name))).toEqual(parseStat(statLine('node')));
  });
});

describe('treeOf', () => {
  const of = (pid: number, parentPid: number) => ({ pid, parentPid, cpuTicks: 0, residentPages: 0 });
  const all = [of(1, 0), of(10, 1), of(11, 10), of(12, 10), of(13, 12), of(20, 1)];

  it('has the descendants of every generation, and no other processes', () => {
    expect(treeOf(10, all).map(({ pid }) => pid)).toEqual([10, 11, 12, 13]);
  });

  it('is empty when the process has ended', () => {
    expect(treeOf(99, all)).toEqual([]);
  });
});
