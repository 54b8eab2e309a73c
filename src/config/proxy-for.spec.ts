import { describe, expect, it } from '@jest/globals';
import { proxyFor } from './proxy-for.js';

const PROXY = 'http://proxy:3128';

describe('HTTPS_PROXY and NO_PROXY', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ['https://api.example.com/v1', {}, undefined],
    ['https://api.example.com/v1', { HTTPS_PROXY: '' }, undefined],
    ['https://api.example.com/v1', { HTTPS_PROXY: PROXY }, PROXY],
    ['https://api.example.com/v1', { https_proxy: 'proxy:3128' }, PROXY],
    ['http://api.example.com/v1', { HTTPS_PROXY: PROXY }, undefined],
    ['https://api.example.com/v1', { HTTPS_PROXY: PROXY, NO_PROXY: 'localhost, example.com' }, undefined],
    ['https://api.example.com/v1', { HTTPS_PROXY: PROXY, NO_PROXY: '.example.com' }, undefined],
    ['https://api.example.com/v1', { HTTPS_PROXY: PROXY, no_proxy: '*' }, undefined],
    ['https://api.example.com/v1', { HTTPS_PROXY: PROXY, NO_PROXY: 'ample.com' }, PROXY],
    ['https://api.example.com/v1', { HTTPS_PROXY: PROXY, NO_PROXY: 'api.example.com:8443' }, PROXY],
    ['https://api.example.com:8443/v1', { HTTPS_PROXY: PROXY, NO_PROXY: 'api.example.com:8443' }, undefined],
    ['https://10.0.0.1/v1', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.1' }, undefined],
  ])('%s with %j: %s', (baseUrl, env, expected) => {
    expect(proxyFor(baseUrl, env)).toBe(expected);
  });
});
