import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type SecureContextOptions } from 'node:tls';
import { buildConnector, errors } from 'undici';
import type { TimeoutsConfig, UpstreamConfig } from '../config/config.js';

type SecureConfig = Pick<UpstreamConfig, 'tls' | 'proxy' | 'timeouts'>;
type TlsOptions = SecureContextOptions & { servername?: string };

/** How an upstream is connected to: private CA, client certificate, proxy. */
export interface SecureConnection {
  /** Of its requests. */
  connector: buildConnector.connector;
  /** Of its control calls; undefined where nothing is special. */
  agent: Agent | undefined;
}

/** Reads the files of the certificates, once. */
export function secureConnectionOf({ tls, proxy, timeouts }: SecureConfig): SecureConnection {
  const options = optionsOf(tls);
  return { connector: connectorOf(options, proxy, timeouts), agent: agentOf(options, proxy, timeouts) };
}

function connectorOf(
  options: TlsOptions,
  proxy: string | undefined,
  { connectMs }: TimeoutsConfig,
): buildConnector.connector {
  // The requests are HTTP/1.1: a server that is offered HTTP/2 takes it.
  const direct = buildConnector({ timeout: connectMs, allowH2: false, ...options });
  if (proxy === undefined) return direct;
  return (target, done) => {
    if (target.protocol !== 'https:') {
      direct(target, done);
      return;
    }
    openTunnel(new URL(proxy), `${target.hostname}:${target.port || '443'}`, connectMs, (error, httpSocket) => {
      if (httpSocket) direct({ ...target, httpSocket }, done);
      else done(error ?? new Error('no tunnel'), null);
    });
  };
}

function agentOf(options: TlsOptions, proxy: string | undefined, { connectMs }: TimeoutsConfig): Agent | undefined {
  if (proxy === undefined) return Object.keys(options).length > 0 ? new Agent(options) : undefined;
  const agent = new Agent(options);
  agent.createConnection = ({ host, port, ...rest }, done) => {
    openTunnel(new URL(proxy), `${host}:${port}`, connectMs, (error, socket) => {
      if (!socket || error) done?.(error ?? new Error('no tunnel'), undefined as never);
      else done?.(null, connectTls({ ...rest, ...options, socket } as ConnectionOptions));
    });
    return undefined;
  };
  return agent;
}

function optionsOf({ caFile, certFile, keyFile, serverName }: UpstreamConfig['tls']): TlsOptions {
  return {
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    ...(certFile !== undefined && { cert: readFileSync(certFile) }),
    ...(keyFile !== undefined && { key: readFileSync(keyFile) }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

/** Asks the proxy for a connection to `target` (RFC 9110, section 9.3.6). `done` is called once. */
function openTunnel(
  proxy: URL,
  target: string,
  timeoutMs: number,
  done: (error: Error | null, socket?: Socket) => void,
): void {
  const { protocol, hostname, port, username, password } = proxy;
  const credential = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const request = (protocol === 'https:' ? httpsRequest : httpRequest)({
    host: hostname,
    port,
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...(username !== '' && { 'proxy-authorization': `Basic ${credential}` }) },
    agent: false,
    timeout: timeoutMs,
  });
  request.once('connect', ({ statusCode }, socket) => {
    socket.setTimeout(0);
    if (statusCode === 200) {
      done(null, socket);
      return;
    }
    socket.destroy();
    done(new Error(`the proxy refused the tunnel with ${statusCode}`));
  });
  request.once('timeout', () => request.destroy(new errors.ConnectTimeoutError('the proxy did not answer in time')));
  request.once('error', (error) => done(error));
  request.end();
}
