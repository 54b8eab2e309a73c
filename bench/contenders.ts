import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { stringify } from 'yaml';
import { CONTENDER_NAMES } from './figures.ts';
import { find } from './programs.ts';

/** What contenders need to run. */
export interface Setting {
  /** Of the repository. */
  root: string;
  /** For files that are written. */
  directory: string;
  upstreamPorts: readonly [number, number];
  models: readonly string[];
}

export interface Contender {
  name: string;
  /** Beside the content type. */
  headers: Record<string, string>;
  /** Each start takes a new port: the system may have given the last one away meanwhile. */
  commandFor: (port: number) => ContenderCommand;
  /** With a process for each of two cores, if the contender can do that. */
  twoCoresCommandFor?: (port: number) => ContenderCommand;
}

interface ContenderCommand {
  line: string[];
  env: Record<string, string>;
}

const API_KEY = `dforg_${randomBytes(32).toString('hex')}`;
const AUTHORIZATION = { Authorization: `Bearer ${API_KEY}` };

/** The contenders that can run here. `say` is told what the others lack. */
export function contendersOf(setting: Setting, say: (text: string) => void): Contender[] {
  const nginx = find('nginx');
  if (nginx === undefined) say('nginx is left out: it is not installed (apt-get install nginx).');
  return [
    ...(nginx === undefined ? [] : [nginxOf(setting, nginx)]),
    gatewayOf(setting),
    naiveOf(setting),
    ...portkeyOf(setting, say),
  ];
}

function nginxOf({ directory, upstreamPorts }: Setting, nginx: string): Contender {
  const serversFor = (port: number): string => `
    upstream engines {
      ${upstreamPorts.map((upstreamPort) => `server 127.0.0.1:${upstreamPort};`).join(' ')}
      keepalive 256;
      keepalive_requests 100000000;
    }
    server {
      listen 127.0.0.1:${port} backlog=4096;
      location / {
        proxy_pass http://engines;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_buffering off;
      }
    }`;
  return {
    name: CONTENDER_NAMES.nginx,
    headers: AUTHORIZATION,
    commandFor: (port) => ({ line: [nginx, '-c', writeNginx(join(directory, 'nginx'), serversFor(port))], env: {} }),
  };
}

/** Writes a configuration for one worker, which keeps its files in `directory`. */
export function writeNginx(directory: string, servers: string): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'nginx.conf');
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    daemon off;
    pid ${directory}/pid;
    error_log ${directory}/error.log;
    events { worker_connections 16384; }
    http {
      access_log off;
      keepalive_requests 100000000;
      ${kinds.map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(' ')}
      ${servers}
    }`,
  );
  return file;
}

/** What one gateway of a pair has beside the common configuration. */
export interface GatewayOptions {
  /** Unique among the gateways that run at the same time. */
  name: string;
  config?: object;
  /** Options of the one API key. */
  key?: object;
}

/** The gateway in its production configuration, with every feature that is on by default. */
export function gatewayOf(
  { root, directory, upstreamPorts, models }: Setting,
  { name, config, key }: GatewayOptions = { name: 'gateway' },
): Contender {
  const upstreams = upstreamPorts.map((upstreamPort, index) => ({
    name: `upstream-${index + 1}`,
    baseUrl: `http://127.0.0.1:${upstreamPort}/v1`,
    engine: 'vllm',
    models,
  }));
  const hash = `sha256:${createHash('sha256').update(API_KEY).digest('hex')}`;
  const apiKeys = [{ id: 'bench', hash, organization: 'bench', ...key }];
  const commandFor = (port: number, workers: number): ContenderCommand => {
    // A file each: a running gateway would reload a changed one.
    const file = join(directory, `${name}-${workers}.yaml`);
    const server = { host: '127.0.0.1', port, workers };
    writeFileSync(file, stringify({ server, log: { level: 'info' }, upstreams, apiKeys, ...config }));
    return { line: startLine(root), env: { NODE_ENV: 'production', GATEWAY_CONFIG: file } };
  };
  return {
    name: CONTENDER_NAMES.gateway,
    headers: AUTHORIZATION,
    commandFor: (port) => commandFor(port, 1),
    twoCoresCommandFor: (port) => commandFor(port, 2),
  };
}

/** The command of `npm start`. */
function startLine(root: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } };
  const [, ...options] = scripts.start.split(' ');
  const program = options.pop() ?? '';
  return [process.execPath, ...options, join(root, program)];
}

/** Node strips types, but does not support decorators: this program is compiled like the gateway, into its own folder. */
function naiveOf({ root, directory, upstreamPorts }: Setting): Contender {
  const folder = join(directory, 'naive');
  mkdirSync(folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (name) => readFileSync(name, 'utf8')) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const source = readFileSync(join(root, 'bench', 'naive', 'main.ts'), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { ...options, module: ts.ModuleKind.ESNext, sourceMap: false },
  });
  writeFileSync(join(folder, 'main.js'), outputText);
  const UPSTREAM_BASE_URL = `http://127.0.0.1:${upstreamPorts[0]}/v1`;
  return {
    name: CONTENDER_NAMES.naive,
    headers: AUTHORIZATION,
    commandFor: (port) => ({
      line: [process.execPath, join(folder, 'main.js')],
      env: { NODE_ENV: 'production', PORT: String(port), API_KEY, UPSTREAM_BASE_URL },
    }),
  };
}

/** The published package, unchanged. It checks no keys of its own, and has no list of upstreams. */
function portkeyOf({ root, upstreamPorts }: Setting, say: (text: string) => void): Contender[] {
  const program = join(root, 'bench', 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  try {
    readFileSync(program);
  } catch {
    say('Portkey is left out: it is not installed.');
    return [];
  }
  const preload = join(root, 'bench', 'listen-locally.mjs');
  return [
    {
      name: CONTENDER_NAMES.portkey,
      headers: {
        ...AUTHORIZATION,
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `http://127.0.0.1:${upstreamPorts[0]}/v1`,
      },
      commandFor: (port) => ({
        line: [process.execPath, '--import', preload, program, `--port=${port}`, '--headless'],
        env: { NODE_ENV: 'production' },
      }),
    },
  ];
}
