import { describe, expect, it } from '@jest/globals';
import { instanceToPlain } from 'class-transformer';
import { getMetadataStorage } from 'class-validator';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import {
  ApiKeyConfig,
  AuthConfig,
  CorsConfig,
  EmbeddedConfig,
  GatewayConfig,
  HealthConfig,
  JwtConfig,
  JwtGroupConfig,
  LimitOptions,
  LimitsConfig,
  LogConfig,
  RoutingConfig,
  ScopeLimits,
  ServerConfig,
  TimeoutsConfig,
  TlsConfig,
  TracingConfig,
  UpstreamConfig,
  UsageConfig,
} from './config.js';
import { loadConfig } from './load-config.js';

const EXAMPLE = fileURLToPath(new URL('../../gateway.example.yaml', import.meta.url));
const text = readFileSync(EXAMPLE, 'utf8');

type Section = Record<string, unknown>;

/** The names of a config class's options, in the order of its page. */
function optionsOf(section: new () => object): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(section, section.name, true, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

describe('gateway.example.yaml', () => {
  it('loads without problems', () => {
    const names = [...text.matchAll(/^[^#\n]*\$\{(\w+)\}/gm)].map(([, name = '']) => name);
    const env = Object.fromEntries(names.map((name) => [name, name.endsWith('_FILE') ? EXAMPLE : 'a-value']));
    expect(names).not.toHaveLength(0);
    expect(loadConfig({ ...env, GATEWAY_CONFIG: EXAMPLE }).upstreams).toHaveLength(2);
  });

  it('mentions every option, in the order of the config page', () => {
    const example = parse(text) as Section &
      Record<'upstreams' | 'apiKeys', [Section]> & {
        server: Section;
        limits: Section;
        auth: Section & { jwt: Section & { groups: [Section] } };
      };
    const [upstream] = example.upstreams;
    const sections: [new () => object, unknown][] = [
      [GatewayConfig, example],
      [ServerConfig, example.server],
      [CorsConfig, example.server.cors],
      [LogConfig, example.log],
      [TracingConfig, example.tracing],
      [EmbeddedConfig, example.embedded],
      [UpstreamConfig, upstream],
      [TimeoutsConfig, upstream.timeouts],
      [TlsConfig, upstream.tls],
      [HealthConfig, upstream.health],
      [RoutingConfig, example.routing],
      [LimitsConfig, example.limits],
      [LimitOptions, example.limits.default],
      [UsageConfig, example.usage],
      [ApiKeyConfig, example.apiKeys[0]],
      [ScopeLimits, example.apiKeys[0].limits],
      [AuthConfig, example.auth],
      [JwtConfig, example.auth.jwt],
      [JwtGroupConfig, example.auth.jwt.groups[0]],
    ];
    for (const [section, shown] of sections) expect(Object.keys(shown as Section)).toEqual(optionsOf(section));
  });

  it('shows the defaults of the sections that every gateway has', () => {
    const example = parse(text) as Section & { upstreams: [Section] };
    expect(example.server).toEqual(instanceToPlain(new ServerConfig()));
    expect(example.log).toEqual(instanceToPlain(new LogConfig()));
    expect(example.routing).toEqual(instanceToPlain(new RoutingConfig()));
    expect(example.upstreams[0].health).toEqual(instanceToPlain(new HealthConfig()));
    expect(example.upstreams[0].timeouts).toEqual(instanceToPlain(new TimeoutsConfig()));
  });
});
