/**
 * The last step of the build: puts the gateway and its packages into a few files, because most of a start is otherwise
 * spent on finding, reading and linking some 2,300. `dist/src/process/start.js` then leads to them; the other programs in
 * `dist`, and `nest start --watch`, stay as the compiler has written them.
 */
import { build } from 'esbuild';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const start = join(root, 'dist', 'src', 'process', 'start.js');
// As deep as the folders of `src`: what a module finds from where it lies (`import.meta.url`) is found from here as well.
const folder = join(root, 'dist', 'src', 'bundle');

/**
 * This file asks Node for class-validator and class-transformer. That would be a second copy of them, which knows none of
 * the rules of the DTO classes.
 */
const oneCopyOfEach = {
  name: 'one copy of each package',
  setup({ onLoad }) {
    onLoad({ filter: /mapped-types[\\/]dist[\\/]type-helpers\.utils\.js$/ }, ({ path }) => {
      const code = readFileSync(path, 'utf8');
      const contents = code.replace('const require = createRequire(import.meta.url);', '');
      if (contents === code) throw new Error(`${path} is not what it was: look whether it is still bundled right`);
      return { contents };
    });
  },
};

rmSync(folder, { recursive: true, force: true });
await build({
  entryPoints: [start],
  outdir: folder,
  bundle: true,
  // What is imported late is read late.
  splitting: true,
  format: 'esm',
  platform: 'node',
  // The least Node that `src/process/check-node.ts` lets in.
  target: 'node24',
  // It would define a name on each closure of each request, which takes a fifth of a request's time. Names stay as they are
  // anyhow, but for a digit where two files have the same; the OpenAPI document shows whether a DTO has one.
  keepNames: false,
  // The files that Node itself would take, and not those that packages offer to bundlers.
  mainFields: ['main'],
  // What is not there: Nest and pg ask for it and do without.
  external: [
    'pg-native',
    '@nestjs/microservices',
    '@nestjs/websockets',
    '@fastify/static',
    'class-transformer/storage',
  ],
  plugins: [oneCopyOfEach],
  // Packages in CommonJS ask for Node's own modules by `require`, which an ES module lacks.
  banner: {
    js: "import { createRequire as createRequireOfNode } from 'node:module';\nconst require = createRequireOfNode(import.meta.url);",
  },
  logLevel: 'warning',
});
writeFileSync(start, "export { start } from '../bundle/start.js';\n");
rmSync(`${start}.map`, { force: true });
