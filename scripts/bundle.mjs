/**
 * The last step of the build: bundles the gateway and its packages into a few files. Without it, most of a start goes into
 * finding, reading and linking about 2,300. `dist/src/process/start.js` then imports the bundle; the other programs in
 * `dist`, and `nest start --watch`, stay unbundled.
 */
import { build } from 'esbuild';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const start = join(root, 'dist', 'src', 'process', 'start.js');
// As deep as the folders of `src`: paths relative to `import.meta.url` stay the same.
const folder = join(root, 'dist', 'src', 'bundle');

/**
 * This file loads class-validator and class-transformer through Node: a second copy of them, without the rules of the DTO
 * classes.
 */
const oneCopyOfEach = {
  name: 'one copy of each package',
  setup({ onLoad }) {
    onLoad({ filter: /mapped-types[\\/]dist[\\/]type-helpers\.utils\.js$/ }, ({ path }) => {
      const code = readFileSync(path, 'utf8');
      const contents = code.replace('const require = createRequire(import.meta.url);', '');
      if (contents === code) throw new Error(`${path} has changed: check whether it is still bundled correctly`);
      return { contents };
    });
  },
};

rmSync(folder, { recursive: true, force: true });
await build({
  entryPoints: [start],
  outdir: folder,
  bundle: true,
  // Dynamic imports stay separate files.
  splitting: true,
  format: 'esm',
  platform: 'node',
  // The oldest Node that `src/process/check-node.ts` accepts.
  target: 'node24',
  // It would define a name on each closure of each request, which takes a fifth of a request's time. Names are kept anyway,
  // except for a digit when two files have the same one; the OpenAPI document shows whether a DTO got one.
  keepNames: false,
  // The files that Node itself would load, not those for bundlers.
  mainFields: ['main'],
  // Optional dependencies of Nest and pg that are not installed.
  external: [
    'pg-native',
    '@nestjs/microservices',
    '@nestjs/websockets',
    '@fastify/static',
    'class-transformer/storage',
  ],
  plugins: [oneCopyOfEach],
  // CommonJS packages `require` Node's modules, and ES modules have no `require`.
  banner: {
    js: "import { createRequire as createRequireOfNode } from 'node:module';\nconst require = createRequireOfNode(import.meta.url);",
  },
  logLevel: 'warning',
});
writeFileSync(start, "export { start } from '../bundle/start.js';\n");
rmSync(`${start}.map`, { force: true });
