import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { describeUnless } from './describe-unless.js';

const ON_PATH = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'microsoft-edge-stable',
  'microsoft-edge',
];
const ON_MACOS = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
  (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
);
const ON_WINDOWS = ['Google/Chrome/Application/chrome.exe', 'Microsoft/Edge/Application/msedge.exe'];

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  // A container's /dev/shm is small.
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** The glibc that the libraries of `@sparticuz/chromium` are built for. */
const LEAST_GLIBC = '2.34';

/** Unpacking the browser from npm takes 3 s on an idle machine. */
export const OPEN_TIMEOUT_MS = 120_000;

/** A running browser. */
export interface OpenBrowser {
  browser: Browser;
  /** Ends it, and removes its files. */
  close(): Promise<void>;
}

type Open = () => Promise<OpenBrowser>;

/**
 * `describe`, whose `tests` can open `CHROMIUM_PATH`, else an installed Chrome, Chromium or Edge that runs, else the Chromium
 * from npm (Linux on x64). Without any, the tests are reported as skipped, with the reason.
 */
export function describeInBrowser(name: string, tests: (open: Open) => void): void {
  const choice = chooseBrowser();
  if (typeof choice === 'function') describeUnless(undefined, name, () => tests(choice));
  else describeUnless(choice, name, () => tests(() => Promise.reject(new Error(choice))));
}

/** What opens a browser, or why there is none. */
function chooseBrowser(): Open | string {
  const executablePath = process.env.CHROMIUM_PATH ?? installed().find(isRunnable);
  if (executablePath !== undefined) return () => launch({ executablePath });
  const missing = 'no Chrome, Chromium or Edge is installed or named by CHROMIUM_PATH, and the one from npm needs';
  if (process.platform !== 'linux' || process.arch !== 'x64') return `${missing} Linux on x64`;
  return glibc().localeCompare(LEAST_GLIBC, 'en', { numeric: true }) < 0
    ? `${missing} glibc ${LEAST_GLIBC}`
    : openFromNpm;
}

function installed(): string[] {
  const { PATH = '', PROGRAMFILES, LOCALAPPDATA, 'PROGRAMFILES(X86)': PROGRAMFILES_X86 } = process.env;
  const folders = [PROGRAMFILES, PROGRAMFILES_X86, LOCALAPPDATA].filter((folder) => folder !== undefined);
  return [
    ...ON_PATH.flatMap((name) => PATH.split(delimiter).map((folder) => join(folder, name))),
    ...ON_MACOS,
    ...folders.flatMap((folder) => ON_WINDOWS.map((file) => join(folder, file))),
  ].filter((file) => existsSync(file));
}

/** On Ubuntu, `chromium-browser` may only say how to install it. On Windows a browser that is asked opens a window. */
function isRunnable(file: string): boolean {
  return process.platform === 'win32' || spawnSync(file, ['--version'], { timeout: 10_000 }).status === 0;
}

/** '0' where there is another C library. */
function glibc(): string {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ?? '0';
}

async function launch(options: LaunchOptions): Promise<OpenBrowser> {
  const browser = await chromium.launch({ args: FLAGS, ...options });
  return { browser, close: () => browser.close() };
}

/**
 * The package unpacks Chromium into TMPDIR, and the libraries that it needs only on what it takes for Amazon's Lambda.
 * It reads the environment when it is imported, and changes it: that stays in a process of its own.
 */
async function openFromNpm(): Promise<OpenBrowser> {
  const folder = await mkdtemp(join(tmpdir(), 'chromium-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const program = "process.stdout.write(await (await import('@sparticuz/chromium')).default.executablePath())";
    const { stdout: executablePath } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { env: { ...process.env, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' } },
    );
    const fonts = join(folder, 'fonts.conf');
    await writeFile(fonts, `<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/cache</cachedir></fontconfig>`);
    const LD_LIBRARY_PATH = join(folder, 'al2023', 'lib');
    const env = { HOME: folder, TMPDIR: folder, LD_LIBRARY_PATH, FONTCONFIG_FILE: fonts };
    const { browser } = await launch({ executablePath, env });
    return { browser, close: () => browser.close().finally(close) };
  } catch (error) {
    await close();
    throw error;
  }
}
