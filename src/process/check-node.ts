/**
 * The first import of `main`: modules run in the order of their imports, and some of those that follow would end an older
 * Node with an error that does not say what to do.
 */
const LEAST = 24;

if (Number.parseInt(process.versions.node) < LEAST) {
  process.stderr.write(
    `\nThe gateway needs Node ${LEAST} or newer; this is ${process.versions.node}.\n` +
      '`npm start` brings its own, unless optional packages were left out (--omit=optional): then install a newer Node.\n',
  );
  process.exit(1);
}
