/** Writes organizations until it is killed, and says the id of each once it is acknowledged: `FOLDER ROUND`. */
import process from 'node:process';
import { openStorage } from '../../dist/src/storage/open-storage.js';

const [dataDir, round] = process.argv.slice(2);
const logger = { warn() {}, error() {}, info() {} };
const storage = await openStorage({ database: 'embedded', dataDir }, undefined, logger);
await storage.migrate();
for (let count = 0; ; count++) {
  const id = `${round}-${count}`;
  const row = { id, name: id, created_at: 1, archived_at: null };
  await storage.write((trx, revision) =>
    trx
      .insertInto('organizations')
      .values({ ...row, revision })
      .execute(),
  );
  process.stdout.write(`${id}\n`);
}
