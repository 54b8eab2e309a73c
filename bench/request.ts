/** As in the measurements that the goals come from. */
const BODY_BYTES = 405;

/** The body of a request; the prompt fills it up to the same length for all models. */
export function bodyOf(model: string, isStream: boolean): string {
  const write = (prompt: string) =>
    JSON.stringify({
      model,
      prompt,
      max_tokens: 32,
      temperature: 0.7,
      ...(isStream ? { stream: true, stream_options: { include_usage: true } } : {}),
    });
  const missing = Math.max(0, BODY_BYTES - Buffer.byteLength(write('')));
  return write('Once upon a time there was a little boy named Leo. '.repeat(9).slice(0, missing));
}

/** A request as it goes over the connection. `headers` come beside the content type. */
export function completionRequest(
  { port, headers }: { port: number; headers: Record<string, string> },
  model: string,
  isStream: boolean,
): string {
  return rawRequest(port, { 'Content-Type': 'application/json', ...headers }, bodyOf(model, isStream));
}

export function rawRequest(port: number, headers: Record<string, string>, body: string): string {
  const head = { Host: `127.0.0.1:${port}`, ...headers, 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
  return ['POST /v1/completions HTTP/1.1', ...lines, '', body].join('\r\n');
}
