import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import ts from 'typescript';

/** Bottom to top: what stands in `src/` imports what stands on its own floor and on those before it. */
const FLOORS = [
  'common',
  'engines',
  'config',
  'observability',
  'errors',
  'contract',
  'upstreams',
  'routing',
  'storage',
  'auth',
  'limits',
  'http',
  'usage',
  'completions',
  'models',
  'health',
  'admin',
  'console',
  'app.module.ts',
  'process',
  'cli',
  'main.ts',
];

/** What the engine, a program of its own, shares with the gateway: the shape of requests and of errors. */
const SHARED_WITH_ENGINE = /^src\/(?:(?:common|contract|errors)\/|engines\/no-op-values\.ts)/;

const ENVIRONMENT_READERS =
  /^(src\/process\/start\.ts|src\/cli\/(?:key|migrate|usage)\.ts|src\/cli\/(?:doctor|record)\/main\.ts|src\/upstreams\/embedded-engine\.ts|engine\/.*)$/;

const files = globSync(['src/**/*.ts', 'engine/**/*.ts'])
  .map((file) => file.split(sep).join('/'))
  .filter((file) => !file.endsWith('spec.ts'))
  .sort();

/** The files of this repository that `file` imports, in whatever way. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(file, 'utf8'))
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => join(dirname(file), name).split(sep).join('/').replace(/\.js$/, '.ts'));
}

/** The floor that a file of src/ stands on; -1 where nobody has placed it. */
function floorOf(file: string): number {
  const [, place = ''] = file.split('/');
  return FLOORS.indexOf(place);
}

function mayImport(file: string, imported: string): boolean {
  if (file.startsWith('engine/')) return imported.startsWith('engine/') || SHARED_WITH_ENGINE.test(imported);
  return imported.startsWith('src/') && floorOf(imported) <= floorOf(file);
}

/** What is left when files that import none of the rest, or that none of the rest imports, have fallen away. */
function circlesAmong(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const left = new Set(imports.keys());
  const imported = (file: string): string[] => imports.get(file)?.filter((other) => left.has(other)) ?? [];
  for (let size = -1; size !== left.size;) {
    size = left.size;
    const targets = new Set([...left].flatMap(imported));
    for (const file of left) if (!targets.has(file) || imported(file).length === 0) left.delete(file);
  }
  return [...left];
}

describe('the floors', () => {
  it('have a place for every folder, and for the files beside them', () => {
    expect(files.filter((file) => file.startsWith('src/') && floorOf(file) === -1)).toEqual([]);
    expect(files).toContain('src/main.ts');
  });

  it('import only what is on their own floor or below', () => {
    const imports = files.flatMap((file) => importsOf(file).map((imported) => ({ file, imported })));
    const forbidden = imports.filter(({ file, imported }) => !mayImport(file, imported));
    expect(forbidden.map(({ file, imported }) => `${file} imports ${imported}`)).toEqual([]);
    // The parser sees imports of types, too.
    expect(imports).toContainEqual({
      file: 'src/completions/features/suffix.ts',
      imported: 'src/upstreams/upstream.ts',
    });
  });

  it('have no two files that import each other, directly or through others', () => {
    expect(circlesAmong(new Map(files.map((file) => [file, importsOf(file)])))).toEqual([]);
    const example = { leadsIn: ['b'], b: ['c', 'end'], c: ['b'], end: [] };
    expect(circlesAmong(new Map(Object.entries(example)))).toEqual(['b', 'c']);
  });

  it.each([
    ['src/common/exact-json.ts', 'src/config/config.ts', false],
    ['src/config/config.ts', 'src/errors/api-error.ts', false],
    ['src/errors/error.filter.ts', 'src/observability/logger.ts', true],
    ['src/auth/auth.guard.ts', 'src/completions/plan/plan.ts', false],
    ['src/completions/plan/plan.ts', 'src/main.ts', false],
    ['src/process/start.ts', 'src/app.module.ts', true],
    ['src/app.module.ts', 'src/process/start.ts', false],
    ['src/engines/vllm.ts', 'src/config/config.ts', false],
    ['src/main.ts', 'engine/main.ts', false],
    ['engine/main.ts', 'src/contract/create-completion.dto.ts', true],
    ['engine/main.ts', 'src/config/config.ts', false],
  ])('are judged so: may %s import %s? %s', (file, imported, verdict) => {
    expect(mayImport(file, imported)).toBe(verdict);
  });
});

describe('process.env', () => {
  it('is read where a program starts, and nowhere else', () => {
    const readers = files.filter((file) =>
      /process\s*\.\s*env\b|process\s*\[|\benv\b[^;\n]*from 'node:process'/.test(readFileSync(file, 'utf8')),
    );
    expect(readers.filter((file) => !ENVIRONMENT_READERS.test(file))).toEqual([]);
    expect(readers).toContain('src/process/start.ts');
  });
});
