import { mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { uuidV7 } from '../common/uuid-v7.js';

const SUFFIX = '.ndjson';

interface SpoolFile {
  name: string;
  bytes: number;
}

/**
 * Rows, each as JSON, that wait on disk until the database takes them: one file a batch, named by its time, and never changed.
 * Any process may write a file to the database and remove it, even two at once: rows have ids, and count once.
 */
export class UsageSpool {
  /** The oldest first; undefined until the folder is read. */
  private files: SpoolFile[] | undefined;

  constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
    /** Called with the number of rows that were dropped for lack of room, the oldest first. */
    private readonly onDrop: (rows: number) => void,
  ) {}

  /** @throws {Error} when the disk does not take it. */
  async add(rows: readonly string[], now: number): Promise<void> {
    const text = rows.map((row) => `${row}\n`).join('');
    const bytes = Buffer.byteLength(text);
    const files = await this.list();
    for (let sum = bytes + sizeOf(files); sum > this.maxBytes && files.length > 0; sum = bytes + sizeOf(files)) {
      await this.drop(files.shift());
    }
    const name = uuidV7(now) + SUFFIX;
    const path = join(this.folder, name);
    await writeFile(`${path}.part`, text, { flush: true });
    await rename(`${path}.part`, path);
    files.push({ name, bytes });
  }

  /** The oldest batch, and how to remove it once it is in the database; undefined when nothing waits. */
  async first(): Promise<{ rows: string[]; done: () => Promise<void> } | undefined> {
    const files = await this.list();
    const [file] = files;
    if (!file) return undefined;
    const done = async (): Promise<void> => {
      files.shift();
      await this.remove(file.name);
    };
    const text = await this.read(file.name);
    return { rows: text.split('\n').filter((line) => line !== ''), done };
  }

  private async list(): Promise<SpoolFile[]> {
    if (this.files) return this.files;
    await mkdir(this.folder, { recursive: true });
    const names = (await readdir(this.folder)).filter((name) => name.endsWith(SUFFIX)).sort();
    const files = await Promise.all(
      names.map(async (name) => ({ name, bytes: (await stat(join(this.folder, name))).size })),
    );
    return (this.files = files);
  }

  private async drop(file: SpoolFile | undefined): Promise<void> {
    if (!file) return;
    const text = await this.read(file.name);
    await this.remove(file.name);
    this.onDrop(text.split('\n').length - 1);
  }

  /** Empty when another process has written it to the database and removed it. */
  private async read(name: string): Promise<string> {
    try {
      return await readFile(join(this.folder, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  }

  private async remove(name: string): Promise<void> {
    try {
      await unlink(join(this.folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

function sizeOf(files: readonly SpoolFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
