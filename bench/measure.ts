import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.ts';
import type { Contender } from './contenders.ts';
import type { FigureName, Round } from './figures.ts';
import type { LoadGenerator, LoadReport } from './load.ts';
import {
  JSON_CONNECTIONS,
  LOW_LOAD_CONNECTIONS,
  LOW_LOAD_RATE,
  PACED_RAMP_MS,
  PACED_STREAMS,
  type Plan,
  rampMsOf,
  TWO_CORES_RATE,
  TWO_CORES_TURNS,
  UNPACED_STREAMS,
} from './plan.ts';
import { usageOf } from './process-tree.ts';
import { BOTH_CORES, CONTENDER_CORES, type Program, start } from './programs.ts';
import { bodyOf, rawRequest } from './request.ts';
import { checkAnswers, firstAnswer } from './check-answers.ts';
import { median } from './statistics.ts';

/** Whom requests are sent to. Without a process it is the upstream itself, and no CPU time is asked for. */
interface Target {
  port: number;
  headers: Record<string, string>;
  pid?: number;
}

/** What a phase took, and what the contender spent on it. */
interface Phase {
  report: LoadReport;
  cpuUs: number;
}

/** The same for the direct way and for a contender: what is added is the difference. */
interface Measured {
  json: Phase;
  /** Undefined where only wrk is there to send requests. */
  streams?: { lowLoad: Phase; paced: Phase; unpaced: Phase };
}

export class Meter {
  readonly #plan: Plan;
  readonly #load: LoadGenerator;
  readonly #logFile: string;

  /** The contenders write their access logs to `logFile`. */
  constructor(plan: Plan, load: LoadGenerator, logFile: string) {
    this.#plan = plan;
    this.#load = load;
    this.#logFile = logFile;
  }

  /** All but the memory of one round, without a gateway. */
  async measureDirect(port: number, holds: boolean): Promise<Direct> {
    const target = { port, headers: {} };
    const measured = await this.measure(target);
    const held =
      holds && this.#load.isComplete ? await this.hold(target, Math.max(...this.#plan.heldStreams)) : undefined;
    return { measured, held };
  }

  /** One round of one contender: a process for what is fast, and a fresh one for what is held. */
  async measureContender(contender: Contender, direct: Direct, holds: boolean): Promise<Round> {
    const { headers } = contender;
    const figures: Round = {};
    const port = await freePort();
    const startedAt = performance.now();
    const program = this.start(contender, port);
    try {
      await firstAnswer(port, headers, this.#plan.models.json);
      figures.startMs = performance.now() - startedAt;
      await checkAnswers(contender, port, this.#plan, this.#load.isComplete);
      const target = { port, headers, pid: program.pid };
      Object.assign(figures, figuresOf(await this.measure(target), direct.measured));
      figures.twoCoresTimes = await this.measureTwoCores(contender, target);
    } finally {
      await program.stop();
    }
    if (holds && direct.held)
      Object.assign(figures, await this.measureHeld(contender, direct.held, figures.errors ?? 0));
    return figures;
  }

  private async measure(target: Target): Promise<Measured> {
    const { models, jsonMs, lowLoadMs, pacedMs, unpacedMs } = this.#plan;
    const json = { request: this.request(target, models.json, false), connections: JSON_CONNECTIONS };
    await this.warmUp(target);
    const closed = await this.phase(target, { ...json, durationMs: jsonMs });
    if (!this.#load.isComplete) return { json: closed };
    const lowLoad = { ...json, connections: LOW_LOAD_CONNECTIONS, durationMs: lowLoadMs, rate: LOW_LOAD_RATE };
    const paced = { request: this.request(target, models.paced, true), connections: PACED_STREAMS };
    const unpaced = { request: this.request(target, models.unpaced, true), connections: UNPACED_STREAMS };
    const lowLoadPhase = await this.phase(target, lowLoad);
    await this.warmUpStreams(target);
    return {
      json: closed,
      streams: {
        lowLoad: lowLoadPhase,
        paced: await this.phase(target, { ...paced, durationMs: pacedMs, rampMs: PACED_RAMP_MS }),
        unpaced: await this.phase(target, { ...unpaced, durationMs: unpacedMs }),
      },
    };
  }

  /** What is written in C has nothing to compile. */
  private async warmUp(target: Target): Promise<void> {
    const request = this.request(target, this.#plan.models.json, false);
    const durationMs = target.pid === undefined ? 500 : this.#plan.warmUpMs;
    await this.phase(target, { request, connections: JSON_CONNECTIONS, durationMs });
  }

  /** Short ones, so that many of them start. */
  private async warmUpStreams(target: Target): Promise<void> {
    if (target.pid === undefined) return;
    const request = this.request(target, this.#plan.models.short, true);
    const durationMs = this.#plan.warmUpStreamsMs;
    await this.phase(target, { request, connections: PACED_STREAMS, durationMs, rampMs: 400 });
  }

  /**
   * How many times the requests of one process, `single`, two can serve that have a core each: told from what a request
   * costs all of their processes, since the load has to be made on the same cores. Each process gets the same rate, and
   * the two ways take turns.
   */
  private async measureTwoCores(contender: Contender, single: Target): Promise<number | null> {
    const { headers, twoCoresCommandFor } = contender;
    if (!twoCoresCommandFor || !this.#load.isComplete) return null;
    const port = await freePort();
    const program = this.start({ ...contender, commandFor: twoCoresCommandFor }, port, BOTH_CORES);
    try {
      const double = { port, headers, pid: program.pid };
      await firstAnswer(port, headers, this.#plan.models.json);
      // Twice, since there are two to be warmed.
      await this.warmUp(double);
      await this.warmUp(double);
      const ratios: number[] = [];
      for (let turn = 0; turn < TWO_CORES_TURNS; turn++) {
        const cpuUs = await this.cpuUsPerRequest(single, TWO_CORES_RATE);
        ratios.push((2 * cpuUs) / (await this.cpuUsPerRequest(double, 2 * TWO_CORES_RATE)));
      }
      return median(ratios);
    } finally {
      await program.stop();
    }
  }

  private async cpuUsPerRequest(target: Target, rate: number): Promise<number> {
    const request = this.request(target, this.#plan.models.json, false);
    const load = { request, connections: JSON_CONNECTIONS, durationMs: this.#plan.twoCoresMs, rate };
    const { cpuUs, report } = await this.phase(target, load);
    return cpuUs / report.requests;
  }

  private async phase(
    { port, pid }: Target,
    load: { request: string; connections: number; durationMs: number; rampMs?: number; rate?: number },
  ): Promise<Phase> {
    const before = pid === undefined ? 0 : usageOf(pid).cpuUs;
    const report = await this.#load.run({ port, ...load });
    return { report, cpuUs: pid === undefined ? 0 : usageOf(pid).cpuUs - before };
  }

  private async measureHeld(contender: Contender, direct: LoadReport, errorsBefore: number): Promise<Round> {
    const figures: Round = {};
    const { headers } = contender;
    const port = await freePort();
    const program = this.start(contender, port);
    const target = { port, headers, pid: program.pid };
    let errors = errorsBefore;
    try {
      await firstAnswer(port, headers, this.#plan.models.json);
      await this.warmUp(target);
      await this.warmUpStreams(target);
      await sleep(500);
      const idleBytes = usageOf(program.pid).residentBytes;
      for (const streams of this.#plan.heldStreams) {
        const watch = watchMemory(program.pid);
        const report = await this.hold(target, streams);
        figures[`kilobytes${streams}` as FigureName] = (watch.stop() - idleBytes) / 1024 / streams;
        figures.addedHeldGapP99Ms = difference(report.gap.p99, direct.gap.p99);
        errors += report.errors;
      }
    } finally {
      await program.stop();
    }
    return { ...figures, errors };
  }

  /** Opens the streams one by one, has them open all at once for a while, and lets them end one by one. */
  private async hold(target: Target, streams: number): Promise<LoadReport> {
    const request = this.request(target, this.#plan.models.held.get(streams) ?? '', true);
    const load = { request, connections: streams, durationMs: 0, rampMs: rampMsOf(streams) };
    return (await this.phase(target, load)).report;
  }

  private start(contender: Contender, port: number, cores = CONTENDER_CORES): Program {
    return start({ ...contender.commandFor(port), cores, logFile: this.#logFile });
  }

  private request({ port, headers }: Target, model: string, isStream: boolean): string {
    return rawRequest(port, { 'Content-Type': 'application/json', ...headers }, bodyOf(model, isStream));
  }
}

/** What the harness does without a contender, in the same round. */
export interface Direct {
  measured: Measured;
  /** With the most streams open. */
  held: LoadReport | undefined;
}

/** The figures of the harness itself: what a contender's would be if it cost nothing. */
export function directFigures({ measured: { json, streams } }: Direct): Round {
  return {
    directRequestsPerSecond: perSecond(json.report, json.report.requests),
    directP50Ms: difference(streams?.lowLoad.report.latency.p50, 0),
    directP99Ms: difference(streams?.lowLoad.report.latency.p99, 0),
    directFirstChunkP50Ms: difference(streams?.paced.report.firstEvent.p50, 0),
    directGapP99Ms: difference(streams?.paced.report.gap.p99, 0),
    directChunksPerSecond: streams ? perSecond(streams.unpaced.report, streams.unpaced.report.events) : null,
  };
}

function figuresOf({ json, streams }: Measured, direct: Measured): Round {
  const figures: Round = {
    cpuUsPerRequest: json.cpuUs / json.report.requests,
    requestsPerSecond: perSecond(json.report, json.report.requests),
    errors: json.report.errors,
  };
  if (!streams || !direct.streams) return figures;
  const { lowLoad, paced, unpaced } = streams;
  const base = direct.streams;
  return {
    ...figures,
    addedP50Ms: difference(lowLoad.report.latency.p50, base.lowLoad.report.latency.p50),
    addedP99Ms: difference(lowLoad.report.latency.p99, base.lowLoad.report.latency.p99),
    cpuUsPerPacedChunk: paced.cpuUs / paced.report.events,
    addedFirstChunkP50Ms: difference(paced.report.firstEvent.p50, base.paced.report.firstEvent.p50),
    addedGapP50Ms: difference(paced.report.gap.p50, base.paced.report.gap.p50),
    addedGapP99Ms: difference(paced.report.gap.p99, base.paced.report.gap.p99),
    unpacedChunksPerSecond: perSecond(unpaced.report, unpaced.report.events),
    cpuUsPerUnpacedChunk: unpaced.cpuUs / unpaced.report.events,
    errors: json.report.errors + lowLoad.report.errors + paced.report.errors + unpaced.report.errors,
  };
}

function perSecond({ elapsedMs }: LoadReport, count: number): number {
  return (count / elapsedMs) * 1_000;
}

/** Of two times in microseconds, in milliseconds; null when one was not measured. */
function difference(usOfContender: number | null | undefined, usDirect: number | null | undefined): number | null {
  return typeof usOfContender === 'number' && typeof usDirect === 'number' ? (usOfContender - usDirect) / 1_000 : null;
}

/** Looks at the memory of a process again and again; `stop` tells the most that it was. */
function watchMemory(pid: number): { stop: () => number } {
  let most = 0;
  const look = () => (most = Math.max(most, usageOf(pid).residentBytes));
  const timer = setInterval(look, 250);
  return {
    stop: () => {
      clearInterval(timer);
      return look();
    },
  };
}
