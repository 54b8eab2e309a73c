import type { TracingConfig } from '../../config/config.js';

/** Decides whether a trace is recorded. `parentIsSampled` is undefined for a trace that begins here. */
export type Sampler = (traceId: string, parentIsSampled: boolean | undefined) => boolean;

/** The samplers of the OpenTelemetry specification, by the names of `OTEL_TRACES_SAMPLER`. */
export function samplerOf({ sampler, samplerArgument }: TracingConfig): Sampler {
  const name = sampler.replace('parentbased_', '');
  const root: Sampler =
    name === 'traceidratio' ? (traceId) => ratioOf(traceId) < samplerArgument : () => name === 'always_on';
  if (name === sampler) return root;
  return (traceId, parentIsSampled) => parentIsSampled ?? root(traceId, undefined);
}

/** The random part of a trace id (W3C Trace Context, level 2), as a number below 1: all services decide alike. */
function ratioOf(traceId: string): number {
  return Number.parseInt(traceId.slice(-13), 16) / 2 ** 52;
}
