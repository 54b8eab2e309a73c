/** A text, cut at `maxLength` UTF-16 units: clients choose texts, but not the length of log lines. */
export function bounded(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}
