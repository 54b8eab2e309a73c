import type { Request } from 'express';

/** The address that the client used, if it is well-formed. */
export function originOf({ headers }: Pick<Request, 'headers'>): string {
  const { host = '' } = headers;
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  return `${scheme}://${/^[\w.:[\]-]+$/.test(host) ? host : '127.0.0.1:8080'}`;
}
