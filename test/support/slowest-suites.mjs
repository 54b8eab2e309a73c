import { relative } from 'node:path';
import process from 'node:process';

const SHOWN = 10;

/** Prints the suites that took longest, so that a suite that grows slow is seen. */
export default class SlowestSuites {
  suites = [];

  onTestResult({ path }, { perfStats }) {
    this.suites.push({ path, seconds: (perfStats.end - perfStats.start) / 1000 });
  }

  onRunComplete() {
    if (this.suites.length <= SHOWN) return;
    const slowest = this.suites.sort((a, b) => b.seconds - a.seconds).slice(0, SHOWN);
    const lines = slowest.map(({ path, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${relative('', path)}`);
    process.stderr.write(`\nThe slowest suites:\n${lines.join('\n')}\n`);
  }
}
