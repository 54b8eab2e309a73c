import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HARNESS_CORES, outputOf, start } from './programs.ts';

interface Percentiles {
  p50: number | null;
  p99: number | null;
}

/** The output of `load.c`. Times are in microseconds. */
export interface LoadReport {
  requests: number;
  errors: number;
  /** Server-sent events, including `[DONE]`. */
  events: number;
  elapsedMs: number;
  latency: Percentiles;
  firstEvent: Percentiles;
  /** Between two events of a stream. */
  gap: Percentiles;
}

export interface Load {
  port: number;
  request: string;
  connections: number;
  /** 0: one request on each connection. */
  durationMs: number;
  rampMs?: number;
  /** Requests a second in all; without it, each connection sends the next request after the answer. */
  rate?: number;
}

/** Runs the C load generator, or wrk where there is no compiler. */
export class LoadGenerator {
  readonly #directory: string;
  readonly #program: string | undefined;
  readonly #wrk: string | undefined;

  /** `program` is the compiled `load.c`. */
  constructor(directory: string, program: string | undefined, wrk: string | undefined) {
    this.#directory = directory;
    this.#program = program;
    this.#wrk = wrk;
  }

  /** Whether it can measure latency at a rate, and streams. */
  get isComplete(): boolean {
    return this.#program !== undefined;
  }

  async run({ port, request, connections, durationMs, rampMs = 0, rate = 0 }: Load): Promise<LoadReport> {
    if (this.#program === undefined) return this.runWrk(port, request, connections, durationMs);
    const file = join(this.#directory, 'request');
    writeFileSync(file, request);
    const numbers = [connections, durationMs, rampMs, rate].map(String);
    const line = [this.#program, String(port), file, ...numbers];
    return JSON.parse(await outputOf(start({ line, cores: HARNESS_CORES }))) as LoadReport;
  }

  private async runWrk(port: number, request: string, connections: number, durationMs: number): Promise<LoadReport> {
    if (this.#wrk === undefined) throw new Error('neither a C compiler nor wrk');
    const script = join(this.#directory, 'request.lua');
    writeFileSync(script, wrkScript(request));
    const seconds = String(Math.max(1, Math.round(durationMs / 1_000)));
    const options = ['-t', '1', '-c', String(connections), '-d', seconds, '-s', script];
    const line = [this.#wrk, ...options, `http://127.0.0.1:${port}/v1/completions`];
    const output = await outputOf(start({ line, cores: HARNESS_CORES }));
    return JSON.parse(output.slice(output.lastIndexOf('{"requests"'))) as LoadReport;
  }
}

/** Lua that sends the request unchanged, and prints what `load.c` prints, as far as wrk measures it. */
function wrkScript(request: string): string {
  return `
    local raw = ${luaString(request)}
    request = function() return raw end
    done = function(summary, latency)
      local bad = summary.errors
      io.write(string.format(
        '{"requests":%d,"errors":%d,"events":0,"elapsedMs":%f,"latency":{"p50":%f,"p99":%f},"firstEvent":{},"gap":{}}',
        summary.requests, bad.connect + bad.read + bad.write + bad.status + bad.timeout, summary.duration / 1000,
        latency:percentile(50), latency:percentile(99)))
    end`;
}

function luaString(text: string): string {
  return `"${text.replaceAll(/["\\\r\n]/g, (character) => `\\${String(character.charCodeAt(0)).padStart(3, '0')}`)}"`;
}
