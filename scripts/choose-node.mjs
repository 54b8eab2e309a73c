/**
 * Chooses the Node of the npm scripts: the machine's if it satisfies `engines` in package.json, else the pinned one of
 * `optionalDependencies`. npm puts `node_modules/.bin` first on the path of every script: a `node` there that does not run
 * would break all of them without a message, so it stays there only after it has been tried.
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
/** What npm links: on Windows three files. */
const links = ['node', 'node.cmd', 'node.ps1'].map((name) => join(modules, '.bin', name));

/** The oldest glibc for the official builds of Node 24. */
const LEAST_GLIBC = '2.28';

/** Before the install: a sentence that says what to install first, if no Node would run. */
export function problemBeforeInstall() {
  if (isThisNewEnough()) return undefined;
  if (!(pinned in optionalDependencies)) return sentence(`there is none for ${process.platform} on ${process.arch}`);
  if (process.platform !== 'linux') return undefined;
  // Otherwise the report looks up the name of each connected address.
  process.report.excludeNetwork = true;
  const glibc = process.report.getReport().header.glibcVersionRuntime;
  if (glibc === undefined) return sentence(`it needs glibc ${LEAST_GLIBC}, and this system has another C library`);
  return glibc.localeCompare(LEAST_GLIBC, 'en', { numeric: true }) < 0
    ? sentence(`it needs glibc ${LEAST_GLIBC}, and this system has ${glibc}`)
    : undefined;
}

/**
 * After the install, and before each start: makes sure that `node` runs, or returns a sentence as above. `link` lets npm link
 * a package's programs again, after a machine's Node that was new enough has been replaced by an older one.
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

/** Whether the pinned Node runs this script: then there is nothing to try. */
function isThisPinned() {
  return existsSync(program) && realpathSync(process.execPath) === realpathSync(program);
}

function unlink() {
  for (const link of links) rmSync(link, { force: true });
}

function sentence(why) {
  return (
    `The gateway needs Node ${least} or newer, but this is ${process.version}, and the one that the install brings cannot be ` +
    `used, since ${why}: install Node ${least} from your system's packages or https://nodejs.org, then run the same command again.`
  );
}
