/**
 * The first import of `main`: modules are run in the order of their imports, and some of those that follow end an older
 * Node with an error that tells nobody what to do.
 */
const LEAST = [22, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  process.stderr.write(
    `\nThe gateway is made for Node 26 and needs at least ${LEAST.join('.')}; this is ${process.versions.node}.\n` +
      '`npm start` brings its own, unless optional packages were left out (--omit=optional): then install a newer Node.\n',
  );
  process.exit(1);
}
