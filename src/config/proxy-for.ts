type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for an upstream with https, as curl reads the variables: HTTPS_PROXY, unless NO_PROXY names the host, a domain that
 * it is in, or `*`.
 */
export function proxyFor(baseUrl: string, env: Environment): string | undefined {
  const proxy = env.https_proxy ?? env.HTTPS_PROXY;
  const { protocol, hostname, port } = new URL(baseUrl);
  if (!proxy || protocol !== 'https:') return undefined;
  const exceptions = (env.no_proxy ?? env.NO_PROXY ?? '').split(',').map((name) => name.trim().toLowerCase());
  const isExcepted = (exception: string): boolean => {
    const [, name = '', onPort] = /^\*?\.?([^:]*)(?::(\d+))?$/.exec(exception) ?? [];
    if (onPort !== undefined && onPort !== (port || '443')) return false;
    return exception === '*' || (name !== '' && (hostname === name || hostname.endsWith(`.${name}`)));
  };
  if (exceptions.some(isExcepted)) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}
