import { type Asked, type Body, withoutNulls } from './asked.js';
import type { Failure, Refusal, Route } from './dialect.js';
import { LlamaCpp } from './llama-cpp.js';

const PASSED_ON = new Set(
  (
    'model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop stream ' +
    'stream_options suffix temperature top_p user'
  ).split(' '),
);

/** DeepFellow Infra: passes on what it knows to the engine that has the model, here llama.cpp. */
export class DeepFellow extends LlamaCpp {
  override readonly healthPath: string | undefined = undefined;
  override readonly closesAfterStream: boolean = false;
  override readonly routes: Readonly<Record<string, Route>> = {};
  override readonly models: readonly string[] = ['tiny', 'tiny-embedding'];

  override refuse(body: Body): Refusal | undefined {
    if (!this.models.includes(String(body.model))) return { status: 404, message: 'Model not found' };
    if (body.model === 'tiny-embedding') return { status: 400, message: 'Model does not support this endpoint' };
    if (Array.isArray(body.stop) && body.stop.length > 4) return { status: 422, message: 'stop: at most 4' };
    return super.refuse(passedOn(body));
  }

  override read(body: Body): Asked {
    return super.read(passedOn(body));
  }

  override error({ message }: Refusal): unknown {
    return { detail: message };
  }

  override failInStream(): Failure {
    return { events: [], then: 'cut' };
  }
}

/** Nulls and unknown fields are dropped. */
function passedOn(body: Body): Body {
  return Object.fromEntries(Object.entries(withoutNulls(body)).filter(([name]) => PASSED_ON.has(name)));
}
