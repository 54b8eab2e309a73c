import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const ROOT = new URL('../', import.meta.url);
const read = (file: string): string => readFileSync(fileURLToPath(new URL(file, ROOT)), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };
const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Record<string, unknown>>;
};

describe.each(Object.entries(services))('the service %s of docker-compose.yml', (_, service) => {
  it('has an image with an exact version', () => {
    expect(service.image).toMatch(/^[\w./-]+:(v?\d+\.\d+(\.\d+)?|server-b\d+)$/);
  });

  it('has no privilege, writes nowhere but in memory and volumes, and has limits', () => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^(\d+g|\$\{\w+:-\d+g\})$/),
      pids_limit: expect.any(Number),
      tmpfs: expect.arrayContaining(['/tmp']),
    });
    expect(service).not.toHaveProperty('cap_add');
    expect(service).not.toHaveProperty('privileged');
  });
});

describe('docker-compose.yml', () => {
  it('mounts files of the repository that are there', () => {
    const mounted = Object.values(services).flatMap(({ volumes }) => (volumes as string[] | undefined) ?? []);
    const files = mounted.map((mount) => mount.split(':')[0] ?? '').filter((file) => file.startsWith('./'));
    expect(files).not.toHaveLength(0);
    expect(files.filter((file) => !existsSync(fileURLToPath(new URL(file, ROOT))))).toEqual([]);
  });

  it('calls the image of the gateway by the version of the gateway', () => {
    expect(services.gateway?.image).toBe(`completions-gateway:${version}`);
  });
});
