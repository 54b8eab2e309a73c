import type { AddressInfo } from 'node:net';

/** What a person, or a test, can open: "all addresses" is none of them. */
export function listeningUrl({ address, port }: AddressInfo): string {
  const isAny = address === '::' || address === '0.0.0.0';
  return `http://${hostAndPort(isAny ? '127.0.0.1' : address, port)}`;
}

/** As a URL has it: an IPv6 address stands in brackets. */
export function hostAndPort(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
