import { beforeAll, describe, expect, it } from '@jest/globals';
import { HTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { load } from '../support/loaded-config.js';
import { describeWithPrograms, run } from '../support/programs.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CHART = join(ROOT, 'deploy', 'helm');
const VALUE_SETS = readdirSync(join(CHART, 'ci'));
/** The oldest that Chart.yaml allows; by default Helm assumes a version of its own. */
const KUBERNETES = ['--kube-version', '1.29.0'];

interface Resource {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  spec: Record<string, unknown>;
  data?: Record<string, string>;
}
interface Probe {
  periodSeconds: number;
  failureThreshold: number;
  httpGet: { path: string };
}
interface Pod {
  terminationGracePeriodSeconds: number;
  securityContext: object;
  containers: [
    {
      securityContext: object;
      readinessProbe: Probe;
      startupProbe: Probe;
      env: { name: string }[];
      volumeMounts: object[];
    },
  ];
  volumes: object[];
}
type Sets = Record<string, string>;

const valuesOf = (set: string): string[] => ['--values', join(CHART, 'ci', set)];
const settings = (sets: Sets): string[] => Object.entries(sets).flatMap(([key, value]) => ['--set', `${key}=${value}`]);

function render(set: string, sets: Sets = {}): { text: string; resources: Resource[] } {
  const text = run('helm', ['template', 'gw', CHART, ...KUBERNETES, ...valuesOf(set), ...settings(sets)]);
  return { text, resources: parseAllDocuments(text).map((document) => document.toJS() as Resource) };
}

function find(resources: Resource[], kind: string): Resource {
  const found = resources.find((resource) => resource.kind === kind);
  if (!found) throw new Error(`no ${kind} among ${resources.map((resource) => resource.kind).join(', ')}`);
  return found;
}

const podTemplateOf = (resources: Resource[]): { metadata: Resource['metadata']; spec: Pod } =>
  find(resources, 'Deployment').spec.template as { metadata: Resource['metadata']; spec: Pod };

/** The file as the gateway reads it, with a value for each variable that it refers to. */
function configOf(resources: Resource[]): ReturnType<typeof load> {
  const text = find(resources, 'ConfigMap').data?.['gateway.yaml'] ?? '';
  return load(text, Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, 'a-value'])));
}

describeWithPrograms(['helm', 'kubernetes-validate'], 'the Helm chart', () => {
  describe.each(VALUE_SETS)('with %s', (set) => {
    let text: string;
    let resources: Resource[];
    let pod: Pod;

    beforeAll(() => {
      ({ text, resources } = render(set));
      pod = podTemplateOf(resources).spec;
    });

    it('passes helm lint', () => {
      run('helm', ['lint', '--strict', ...KUBERNETES, CHART, ...valuesOf(set)]);
    });

    it('makes resources that Kubernetes takes, field by field', () => {
      run('kubernetes-validate', ['--strict', '--quiet', '--no-warn', '-k', '1.37', '-'], { input: text });
      for (const resource of resources) {
        if (resource.kind === 'HTTPRoute') new HTTPRoute(resource).validate();
        if (resource.kind === 'ServiceMonitor') new ServiceMonitor(resource as never).validate();
      }
    });

    it('makes a configuration that the gateway takes', () => {
      expect(configOf(resources).server.drainTimeoutMs).toBeGreaterThanOrEqual(120_000);
    });

    it('ends a pod after the gateway has ended, and the gateway after it has left the endpoints', () => {
      const { shutdownDelayMs, drainTimeoutMs } = configOf(resources).server;
      const { periodSeconds, failureThreshold } = pod.containers[0].readinessProbe;
      expect(shutdownDelayMs).toBeGreaterThanOrEqual(periodSeconds * failureThreshold * 1_000);
      expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(shutdownDelayMs + drainTimeoutMs + 2_000);
    });

    it('runs without privileges', () => {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(pod.containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    });
  });

  it('has the version of the gateway', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version });
  });

  it('replaces the pods when the configuration changes, and only then', () => {
    const checksum = (sets: Sets): string | undefined =>
      podTemplateOf(render('ingress-values.yaml', sets).resources).metadata.annotations?.['checksum/config'];
    expect(checksum({ 'service.port': '8000' })).toBe(checksum({}));
    expect(checksum({ 'config.routing.maxAttempts': '2' })).not.toBe(checksum({}));
  });

  it('gives streams the time that the gateway gives them, behind an Ingress and behind a Gateway', () => {
    const { annotations } = find(render('ingress-values.yaml').resources, 'Ingress').metadata;
    expect(annotations).toMatchObject({
      'nginx.ingress.kubernetes.io/proxy-buffering': 'off',
      // `routing.deadlineMs` of that set is 1,200 s.
      'nginx.ingress.kubernetes.io/proxy-read-timeout': '1260',
    });
    expect(find(render('gateway-api-values.yaml').resources, 'HTTPRoute').spec.rules).toMatchObject([
      { timeouts: { request: '0s', backendRequest: '0s' } },
    ]);
  });

  it('leaves the number of pods to the autoscaler', () => {
    const { resources } = render('gateway-api-values.yaml');
    expect(find(resources, 'Deployment').spec).not.toHaveProperty('replicas');
    expect(find(resources, 'HorizontalPodAutoscaler').spec).toMatchObject({ minReplicas: 3, maxReplicas: 12 });
  });

  it('has a writable folder to spool usage, on a volume of choice', () => {
    const claim = { 'dataVolume.emptyDir': 'null', 'dataVolume.persistentVolumeClaim.claimName': 'usage' };
    for (const [sets, volume] of [
      [{}, { name: 'data', emptyDir: { sizeLimit: '256Mi' } }],
      [claim, { name: 'data', persistentVolumeClaim: { claimName: 'usage' } }],
    ] as const) {
      const { containers, volumes } = podTemplateOf(render('storage-values.yaml', sets).resources).spec;
      expect(containers[0].env).toContainEqual({ name: 'DATA_DIR', value: '/data' });
      expect(containers[0].volumeMounts).toContainEqual({ name: 'data', mountPath: '/data' });
      expect(volumes).toContainEqual(volume);
    }
  });

  it('takes the URLs of PostgreSQL and Redis from Secrets only', () => {
    const [{ env }] = podTemplateOf(render('storage-values.yaml').resources).spec.containers;
    expect(env).toEqual(
      expect.arrayContaining([
        { name: 'DATABASE', valueFrom: { secretKeyRef: { name: 'gateway-database', key: 'url' } } },
        { name: 'LIMITS_STORE', valueFrom: { secretKeyRef: { name: 'gateway-redis', key: 'redis-url' } } },
      ]),
    );
  });

  it.each<[string, Sets]>([
    ["additional properties 'replica'", { replica: '3' }],
    ['at least 10000', { 'config.server.shutdownDelayMs': '0' }],
    ['enable one of them', { 'ingress.enabled': 'true', 'httpRoute.enabled': 'true' }],
    ['minLength', { 'ingress.enabled': 'true', 'ingress.host': '' }],
    ['existingSecret', { 'serviceMonitor.enabled': 'true' }],
    ['8080', { 'config.server.port': '9090' }],
  ])('refuses values that cannot work: %s', (problem, sets) => {
    const extra =
      'httpRoute.enabled' in sets ? { 'ingress.host': 'a.example', 'httpRoute.parentRefs[0].name': 'b' } : {};
    expect(() => render('embedded-values.yaml', { ...sets, ...extra })).toThrow(new RegExp(problem));
  });
});
