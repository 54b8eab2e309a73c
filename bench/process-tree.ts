import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  pid: number;
  parentPid: number;
  /** User and system time, that of children who have ended included. */
  cpuTicks: number;
  residentPages: number;
}

/** What a process and everything below it has used. */
export interface Usage {
  cpuUs: number;
  residentBytes: number;
}

/** Asked for once, and only where there is a `/proc` to read. */
let units: { ticksPerSecond: number; pageBytes: number } | undefined;

/** Of `/proc/PID/stat`, see proc_pid_stat(5). The name in parentheses may hold blanks and parentheses itself. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  /** By the number that the manual gives it. */
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(text, 10),
    parentPid: field(4),
    cpuTicks: field(14) + field(15) + field(16) + field(17),
    residentPages: field(24),
  };
}

/** The process `rootPid` and its descendants. */
export function treeOf(rootPid: number, all: readonly ProcessStat[]): ProcessStat[] {
  const root = all.filter(({ pid }) => pid === rootPid);
  const children = all.filter(({ parentPid }) => parentPid === rootPid);
  return [...root, ...children.flatMap(({ pid }) => treeOf(pid, all))];
}

export function usageOf(pid: number): Usage {
  const { ticksPerSecond, pageBytes } = (units ??= {
    ticksPerSecond: systemNumber('CLK_TCK'),
    pageBytes: systemNumber('PAGESIZE'),
  });
  const tree = treeOf(pid, allProcesses());
  return {
    cpuUs: (sum(tree.map(({ cpuTicks }) => cpuTicks)) / ticksPerSecond) * 1e6,
    residentBytes: sum(tree.map(({ residentPages }) => residentPages)) * pageBytes,
  };
}

function allProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [parseStat(readFileSync(`/proc/${name}/stat`, 'latin1'))];
      } catch {
        // It has ended since the list was made.
        return [];
      }
    });
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function systemNumber(name: string): number {
  return Number(execFileSync('getconf', [name], { encoding: 'utf8' }));
}
