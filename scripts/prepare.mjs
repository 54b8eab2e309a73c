/**
 * Prepares a clone: runs `npm ci` if the lock file has changed, and with the argument `build` also `npm run build` if a
 * source has.
 *
 * It runs before anything is installed: plain JavaScript, Node's own modules only, any Node from 20 on.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { problemAfterInstall, problemBeforeInstall } from './choose-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');

/**
 * With NODE_ENV=production npm would omit what builds the gateway. `engines` is about the Node that runs the gateway, which
 * may not be installed yet. No package needs its install script, which would run on the pinned Node before it is tried.
 */
const INSTALL = [
  'ci',
  '--include=dev',
  '--ignore-scripts',
  '--no-engine-strict',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
];

/**
 * A container image has no sources to prepare. Nor is there anything to do on a production machine with an install
 * (`npm ci --omit=dev`) and a build: a start there must not download anything.
 */
const isDeployed =
  !existsSync(join(root, 'tsconfig.json')) ||
  (process.env.NODE_ENV === 'production' && ['node_modules', 'dist'].every((name) => existsSync(join(root, name))));

if (!isDeployed) {
  bringUpToDate('node_modules/.installed', ['package.json', 'package-lock.json'], () => {
    stopOn(problemBeforeInstall());
    run('npm', INSTALL, 'Installing (once; about half a minute) …');
  });
  stopOn(problemAfterInstall((name) => run('npm', ['rebuild', '--ignore-scripts', name], `Linking ${name} …`)));
  if (process.argv.includes('build')) {
    const settings = [
      'package-lock.json',
      'nest-cli.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'scripts/bundle.mjs',
    ];
    const sources = [...settings, 'src', 'engine'];
    bringUpToDate('dist/.built', sources, () => {
      rmSync(join(root, 'dist'), { recursive: true, force: true });
      run('npm', ['run', '--silent', 'build'], 'Building …');
    });
  }
}

/** Runs `action` unless the file `stamp` holds the current digest of `inputs`. */
function bringUpToDate(stamp, inputs, action) {
  const file = join(root, stamp);
  const digest = digestOf(inputs);
  if (existsSync(file) && readFileSync(file, 'utf8') === digest) return;
  action();
  writeFileSync(file, digest);
}

function digestOf(inputs) {
  const hash = createHash('sha256');
  for (const path of inputs.flatMap(filesBelow).sort()) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

/** Every file below `path` that is compiled or copied, or `path` itself if it is a file. */
function filesBelow(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|js|css|html)$/.test(name) && !name.endsWith('.spec.ts'))
    .map((name) => join(path, name));
}

function stopOn(problem) {
  if (problem === undefined) return;
  process.stderr.write(`\n${problem}\n`);
  process.exit(1);
}

function run(command, args, message) {
  process.stderr.write(`${message}\n`);
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  });
  if (result.status === 0) return;
  const reason = result.error?.message ?? `it ended with ${result.signal ?? `exit code ${result.status}`}`;
  process.stderr.write(
    `\n\`${command} ${args.join(' ')}\` failed: ${reason}. Fix what is reported above, then run the same command again.\n`,
  );
  process.exit(1);
}
