import { describe, expect, it } from '@jest/globals';
import { replaceSection } from './document.ts';

describe('replaceSection', () => {
  const text = 'a\n<!-- bench: one -->\nold\n<!-- end -->\nb\n<!-- bench: two -->\nkept\n<!-- end -->\n';

  it('writes between the marks, and nowhere else', () => {
    expect(replaceSection(text, 'one', 'new $& text')).toBe(
      'a\n<!-- bench: one -->\n\nnew $& text\n\n<!-- end -->\nb\n<!-- bench: two -->\nkept\n<!-- end -->\n',
    );
  });

  it('refuses a document without the marks', () => {
    expect(() => replaceSection(text, 'three', 'new')).toThrow('no place for "three"');
  });
});
