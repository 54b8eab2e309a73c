/**
 * A pattern in which `*` matches any characters, and everything else itself.
 *
 * Each text between two stars is searched once, from the end of the match before: time is linear in the name, where a
 * regular expression takes its length to the power of the number of stars.
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
