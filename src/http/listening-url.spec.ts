import { describe, expect, it } from '@jest/globals';
import { hostAndPort, listeningUrl } from './listening-url.js';

describe('the URL that is printed', () => {
  it.each([
    ['127.0.0.1', 'IPv4', 'http://127.0.0.1:8080'],
    ['192.0.2.7', 'IPv4', 'http://192.0.2.7:8080'],
    ['::1', 'IPv6', 'http://[::1]:8080'],
    ['2001:db8::7', 'IPv6', 'http://[2001:db8::7]:8080'],
    // All addresses, of which this one can be opened.
    ['0.0.0.0', 'IPv4', 'http://127.0.0.1:8080'],
    ['::', 'IPv6', 'http://127.0.0.1:8080'],
  ])('of %s is that address', (address, family, url) => {
    expect(listeningUrl({ address, family, port: 8080 })).toBe(url);
    expect(URL.canParse(url)).toBe(true);
  });

  it('has an IPv6 address in brackets, also where it cannot be listened on', () => {
    expect(hostAndPort('::1', 80)).toBe('[::1]:80');
  });
});
