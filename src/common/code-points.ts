/** The length of a text in characters, as `text_offset` counts them: code points. */
export function lengthInCodePoints(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xdc00) length--;
  }
  return length;
}
