import { writeFileSync } from 'node:fs';
import { buildConformance } from './conformance-document.js';

/** `npm run conformance`: writes the document to a file or to standard output. */

const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(buildConformance());
else writeFileSync(file, buildConformance());
