import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  pid: number;
  parentPid: number;
  /** User and system time, including that of children that have ended. */
  cpuTicks: number;
  residentPages: number;
}

/** What a process and its descendants have used. */
export interface Usage {
  cpuUs: number;
  residentBytes: number;
}

/** Read once, on first use. */
let units: { ticksPerSecond: number; pageBytes: number } | undefined;

/** Reads `/proc/PID/stat`, see proc_pid_stat(5). The name in parentheses may contain blanks and parentheses. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  /** Numbered as in the manual. */
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
        // It has ended since the folder was listed.
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
