/** A text, cut at `maxLength` UTF-16 units: whoever chooses it is not to choose how long a log line is. */
export function bounded(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}
