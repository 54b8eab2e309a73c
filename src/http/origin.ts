import type { Request } from 'express';

/** The address that the client has sent the request to, as far as it looks like one. */
export function originOf({ headers }: Pick<Request, 'headers'>): string {
  const { host = '' } = headers;
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  return `${scheme}://${/^[\w.:[\]-]+$/.test(host) ? host : '127.0.0.1:8080'}`;
}
