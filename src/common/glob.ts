/**
 * A name in which `*` stands for any characters, and everything else for itself.
 *
 * Each text between two stars is looked for once, from where the one before it ended: the time grows with the name, where
 * that of a regular expression grows with its power of the number of stars.
 */
export class Glob {
  private readonly begin: string;
  private readonly middle: readonly string[];
  /** Undefined without a star. */
  private readonly end: string | undefined;

  constructor(glob: string) {
    const [begin = '', ...others] = glob.split('*');
    this.begin = begin;
    this.end = others.pop();
    this.middle = others.filter((text) => text !== '');
  }

  matches(name: string): boolean {
    const { begin, end } = this;
    if (end === undefined) return name === begin;
    if (!name.startsWith(begin)) return false;
    let at = begin.length;
    for (const text of this.middle) {
      const found = name.indexOf(text, at);
      if (found === -1) return false;
      at = found + text.length;
    }
    return name.length - at >= end.length && name.endsWith(end);
  }
}
