/**
 * Which Node the npm scripts run on: the machine's own when it is as new as `engines` in package.json asks, else the
 * pinned one of `optionalDependencies`. npm puts `node_modules/.bin` first on the path of every script: a `node` there that
 * does not run would end each of them before it can say anything, so one is left there only after it has been tried.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const { engines, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const least = majorOf(engines.node);
const isWindows = process.platform === 'win32';

/** The package that holds the pinned Node for this platform, if there is one. */
const pinned = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;
const program = join(modules, pinned, 'bin', isWindows ? 'node.exe' : 'node');
/** What npm makes of it: on Windows three files. */
const links = ['node', 'node.cmd', 'node.ps1'].map((name) => join(modules, '.bin', name));

/** The oldest glibc that the official builds of Node 24 run on. */
const LEAST_GLIBC = '2.28';

/** Before the install: one sentence that says what to install first, where no Node would run. */
export function problemBeforeInstall() {
  if (isThisNewEnough()) return undefined;
  if (!(pinned in optionalDependencies)) return sentence(`there is none for ${process.platform} on ${process.arch}`);
  if (process.platform !== 'linux') return undefined;
  // It would look up the name of each address that this machine is connected to.
  process.report.excludeNetwork = true;
  const glibc = process.report.getReport().header.glibcVersionRuntime;
  if (glibc === undefined) return sentence(`it needs glibc ${LEAST_GLIBC}, and this system has another C library`);
  return glibc.localeCompare(LEAST_GLIBC, 'en', { numeric: true }) < 0
    ? sentence(`it needs glibc ${LEAST_GLIBC}, and this system has ${glibc}`)
    : undefined;
}

/**
 * After the install, and before each start: sees to it that `node` is one that runs, or answers with a sentence as above.
 * `link` has npm link a package's programs again, for a Node that was new enough and has given way to an older one.
 */
export function problemAfterInstall(link) {
  if (isThisPinned()) return undefined;
  if (isThisNewEnough()) return unlink();
  if (!existsSync(program)) return sentence('it is not installed (are optional packages left out?)');
  const { status, error, stderr } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (status !== 0) {
    unlink();
    return sentence(`it does not run here (${(error?.message ?? stderr).trim()})`);
  }
  if (!existsSync(links[0])) link(pinned);
  return undefined;
}

function majorOf(version) {
  return Number(/\d+/.exec(version)[0]);
}

function isThisNewEnough() {
  return majorOf(process.version) >= least;
}

/** Whether the pinned Node runs this: then there is nothing to try. */
function isThisPinned() {
  return existsSync(program) && realpathSync(process.execPath) === realpathSync(program);
}

function unlink() {
  for (const link of links) rmSync(link, { force: true });
}

function sentence(why) {
  return (
    `The gateway needs Node ${least} or newer, this is ${process.version}, and the one that an install brings is no way out, ` +
    `since ${why}: install Node ${least} from your system's packages or https://nodejs.org, then run the same command again.`
  );
}
