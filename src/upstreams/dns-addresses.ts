import { promises as dns, NODATA, NOTFOUND } from 'node:dns';
import { isIPv6 } from 'node:net';
import { UpstreamConfig } from '../config/config.js';

/** One server behind a name. */
export interface Address {
  host: string;
  /** Of an SRV record; else the one in `baseUrl`. */
  port: number | undefined;
}

/** Of one question; a second one is asked before it fails. */
const TIMEOUT_MS = 1_000;

/** There is no record of the type, or no such name (`node:dns`). */
const NONE = new Set<string>([NODATA, NOTFOUND]);

/**
 * The addresses behind the name in `baseUrl`, in a stable order: of its SRV records where the name is that of a service
 * (`_http._tcp.…`), else its A and AAAA records. No search domains are tried: the name is taken as it is.
 *
 * @throws {Error} when the name server cannot be asked, or has none.
 */
export async function addressesOf({ baseUrl, dnsServer }: UpstreamConfig): Promise<Address[]> {
  const resolver = new dns.Resolver({ timeout: TIMEOUT_MS, tries: 2 });
  if (dnsServer !== undefined) resolver.setServers([dnsServer]);
  const { hostname } = new URL(baseUrl);
  const found = hostname.startsWith('_') ? await ofService(resolver, hostname) : await ofHost(resolver, hostname);
  const byText = new Map(found.map((address) => [nameOf('', address), address]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address);
}

async function ofService(resolver: dns.Resolver, name: string): Promise<Address[]> {
  const records = await resolver.resolveSrv(name);
  const found = await Promise.all(records.map(async (record) => ofHost(resolver, record.name, record.port)));
  return found.flat();
}

async function ofHost(resolver: dns.Resolver, name: string, port?: number): Promise<Address[]> {
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const hosts = [v4, v6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  // Servers that answer A records only may fail on AAAA.
  if (v4.status === 'rejected' && (hosts.length === 0 || !NONE.has((v4.reason as { code?: string }).code ?? ''))) {
    throw v4.reason;
  }
  return hosts.map((host) => ({ host, port }));
}

/** The upstream at one address: the configured one in all else. Its certificate is still for the name. */
export function atAddress(config: UpstreamConfig, address: Address): UpstreamConfig {
  const url = new URL(config.baseUrl);
  const { hostname } = url;
  const { host, port } = address;
  url.hostname = isIPv6(host) ? `[${host}]` : host;
  if (port !== undefined) url.port = String(port);
  return Object.assign(new UpstreamConfig(), config, {
    name: nameOf(config.name, address),
    baseUrl: url.href,
    discovery: 'off',
    tls: { serverName: hostname, ...definedOf(config.tls) },
  });
}

function nameOf(name: string, { host, port }: Address): string {
  return [name, host.replaceAll(':', '_'), ...(port === undefined ? [] : [port])].join('-');
}

function definedOf(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
