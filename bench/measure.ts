import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.ts';
import type { Contender } from './contenders.ts';
import type { FigureName, Round } from './figures.ts';
import type { Load, LoadGenerator, LoadReport } from './load.ts';
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
import { BOTH_CORES, CONTENDER_CORES, start } from './programs.ts';
import { completionRequest } from './request.ts';
import { checkAnswers, firstAnswer } from './check-answers.ts';
import { median } from './statistics.ts';

/** Where requests are sent. Without a process it is the upstream itself, and no CPU time is measured. */
interface Target {
  port: number;
  headers: Record<string, string>;
  pid?: number;
}

/** A contender that runs and has answered. */
interface RunningContender extends Target {
  pid: number;
  startMs: number;
}

interface Phase {
  report: LoadReport;
  /** CPU time of the contender. */
  cpuUs: number;
}

/** The phases of one round, without a contender and with one: what is added is the difference. */
interface Measured {
  json: Phase;
  /** Undefined when only wrk can send requests. */
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

  /** One round without a gateway. `holds`: with the phase of held streams. */
  async measureDirect(port: number, holds: boolean): Promise<Direct> {
    const target = { port, headers: {} };
    const measured = await this.measure(target);
    const held =
      holds && this.#load.isComplete ? await this.hold(target, Math.max(...this.#plan.heldStreams)) : undefined;
    return { measured, held };
  }

  /** One round of one contender. Memory is measured on a fresh process. */
  async measureContender(contender: Contender, direct: Direct, holds: boolean): Promise<Round> {
    const figures = await this.running(contender, async (target): Promise<Round> => {
      await checkAnswers(contender, target.port, this.#plan, this.#load.isComplete);
      const measured = figuresOf(await this.measure(target), direct.measured);
      const twoCoresTimes = await this.measureTwoCores(contender, target);
      return { startMs: target.startMs, ...measured, twoCoresTimes };
    });
    const { held } = direct;
    if (!holds || !held) return figures;
    const { errors, ...ofHeld } = await this.running(contender, (target) => this.measureHeld(target, held));
    return { ...figures, ...ofHeld, errors: (figures.errors ?? 0) + errors };
  }

  /** Starts a contender, hands it over once it has answered, and stops it. */
  private async running<T>(
    { commandFor, headers }: Contender,
    use: (target: RunningContender) => Promise<T>,
    cores = CONTENDER_CORES,
  ): Promise<T> {
    const port = await freePort();
    const startedAt = performance.now();
    const program = start({ ...commandFor(port), cores, logFile: this.#logFile });
    try {
      await firstAnswer(port, headers, this.#plan.models.json);
      return await use({ port, headers, pid: program.pid, startMs: performance.now() - startedAt });
    } finally {
      await program.stop();
    }
  }

  private async measure(target: Target): Promise<Measured> {
    const { models, jsonMs, lowLoadMs, pacedMs, unpacedMs } = this.#plan;
    const json = { request: completionRequest(target, models.json, false), connections: JSON_CONNECTIONS };
    await this.warmUp(target);
    const closed = await this.phase(target, { ...json, durationMs: jsonMs });
    if (!this.#load.isComplete) return { json: closed };
    const lowLoad = { ...json, connections: LOW_LOAD_CONNECTIONS, durationMs: lowLoadMs, rate: LOW_LOAD_RATE };
    const paced = { request: completionRequest(target, models.paced, true), connections: PACED_STREAMS };
    const unpaced = { request: completionRequest(target, models.unpaced, true), connections: UNPACED_STREAMS };
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

  /** The upstream, written in C, needs only a moment. */
  private async warmUp(target: Target): Promise<void> {
    const request = completionRequest(target, this.#plan.models.json, false);
    const durationMs = target.pid === undefined ? 500 : this.#plan.warmUpMs;
    await this.phase(target, { request, connections: JSON_CONNECTIONS, durationMs });
  }

  /** Short streams, so that many of them start. */
  private async warmUpStreams(target: Target): Promise<void> {
    if (target.pid === undefined) return;
    const request = completionRequest(target, this.#plan.models.short, true);
    const durationMs = this.#plan.warmUpStreamsMs;
    await this.phase(target, { request, connections: PACED_STREAMS, durationMs, rampMs: 400 });
  }

  /**
   * How many times the requests of one process, `single`, two processes on a core each can serve. It is derived from the CPU
   * time of a request in all of their processes, since the load generator shares the cores. Each process gets the same rate,
   * and the two take turns.
   */
  private async measureTwoCores(contender: Contender, single: Target): Promise<number | null> {
    const { twoCoresCommandFor } = contender;
    if (!twoCoresCommandFor || !this.#load.isComplete) return null;
    const measure = async (double: Target): Promise<number> => {
      // Twice, since there are two processes.
      await this.warmUp(double);
      await this.warmUp(double);
      const ratios: number[] = [];
      for (let turn = 0; turn < TWO_CORES_TURNS; turn++) {
        const cpuUs = await this.cpuUsPerRequest(single, TWO_CORES_RATE);
        ratios.push((2 * cpuUs) / (await this.cpuUsPerRequest(double, 2 * TWO_CORES_RATE)));
      }
      return median(ratios);
    };
    return this.running({ ...contender, commandFor: twoCoresCommandFor }, measure, BOTH_CORES);
  }

  private async cpuUsPerRequest(target: Target, rate: number): Promise<number> {
    const request = completionRequest(target, this.#plan.models.json, false);
    const load = { request, connections: JSON_CONNECTIONS, durationMs: this.#plan.twoCoresMs, rate };
    const { cpuUs, report } = await this.phase(target, load);
    return cpuUs / report.requests;
  }

  private async phase({ port, pid }: Target, load: Omit<Load, 'port'>): Promise<Phase> {
    const before = pid === undefined ? 0 : usageOf(pid).cpuUs;
    const report = await this.#load.run({ port, ...load });
    return { report, cpuUs: pid === undefined ? 0 : usageOf(pid).cpuUs - before };
  }

  private async measureHeld(target: RunningContender, direct: LoadReport): Promise<Round & { errors: number }> {
    const figures: Round = {};
    let errors = 0;
    await this.warmUp(target);
    await this.warmUpStreams(target);
    await sleep(500);
    const idleBytes = usageOf(target.pid).residentBytes;
    for (const streams of this.#plan.heldStreams) {
      const watch = watchMemory(target.pid);
      const report = await this.hold(target, streams);
      figures[`kilobytes${streams}` as FigureName] = (watch.stop() - idleBytes) / 1024 / streams;
      figures.addedHeldGapP99Ms = difference(report.gap.p99, direct.gap.p99);
      errors += report.errors;
    }
    return { ...figures, errors };
  }

  /** Opens the streams one by one, keeps all of them open for a while, and lets them end one by one. */
  private async hold(target: Target, streams: number): Promise<LoadReport> {
    const request = completionRequest(target, this.#plan.models.held.get(streams) ?? '', true);
    const load = { request, connections: streams, durationMs: 0, rampMs: rampMsOf(streams) };
    return (await this.phase(target, load)).report;
  }
}

/** What the harness measures without a contender, in the same round. */
export interface Direct {
  measured: Measured;
  /** With the largest number of open streams. */
  held: LoadReport | undefined;
}

/** The figures of the harness itself: those of a contender that costs nothing. */
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

/** The difference of two times in microseconds, in milliseconds; null if one was not measured. */
function difference(usOfContender: number | null | undefined, usDirect: number | null | undefined): number | null {
  return typeof usOfContender === 'number' && typeof usDirect === 'number' ? (usOfContender - usDirect) / 1_000 : null;
}

/** Samples the memory of a process; `stop` returns the maximum. */
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
