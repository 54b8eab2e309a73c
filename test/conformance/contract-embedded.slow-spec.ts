import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { configuredProfile } from '../../src/engines/engine-profile.js';
import { ENGINE_PROFILES } from '../../src/engines/engine-profiles.js';
import type { Body } from '../support/engines/asked.js';
import { GatewayOnEngine } from '../support/gateway-on-engine.js';
import { CASES } from './cases/all.js';
import { readAnswer, readStream, type View } from './client-view.js';
import { forbiddenFields, isDetermined, refusedParams } from './expectation.js';
import { expectForbidden, inAllWays } from './hold-to-contract.js';

const MODEL = 'storyteller';
const PROFILE = configuredProfile(ENGINE_PROFILES.embedded, { api: 'completions' });

/** The embedded engine has all of the contract: the gateway must answer what the engine itself answers. */
describe('the contract, in front of the embedded engine', () => {
  let served: GatewayOnEngine;

  beforeAll(async () => {
    served = await GatewayOnEngine.start();
  });
  afterAll(() => served.stop());

  /** The engine's own whole answer. */
  async function ownAnswer(body: Body): Promise<View> {
    const { choices, usage } = await served.engine.complete({ ...body, stream: null, stream_options: null });
    return { choices, usage };
  }

  it('leaves nothing to emulate', () => {
    expect(
      CASES.filter(({ body }) => typeof body === 'object' && refusedParams(body, PROFILE, 'nothing').length > 0),
    ).toEqual([]);
  });

  it.each(CASES.flatMap(inAllWays))('$name ($way)', async ({ way, conformanceCase: { body, told, check } }) => {
    const [first] = told ? (await ownAnswer(told)).choices : [];
    const given = typeof body === 'function' ? body(first?.text ?? '') : body;
    const asked: Body = { model: MODEL, ...given, ...(way === 'stream' ? { stream: true } : {}) };
    const response = await served.gateway.complete(asked);
    const forbidden = forbiddenFields(asked, PROFILE);
    if (forbidden.length > 0) return expectForbidden(response, forbidden);
    const view = await (way === 'stream' ? readStream(response, asked) : readAnswer(response, asked));
    const own = await ownAnswer(given);
    if (isDetermined(asked)) {
      expect(withoutEmptyLists(view)).toEqual(withoutEmptyLists(own));
      if (view.usage) expect(view.usage).toEqual(own.usage);
    } else {
      expect(view.choices).toHaveLength(own.choices.length);
      if (way === 'json') expect(view.usage?.prompt_tokens).toBe(own.usage?.prompt_tokens);
    }
    if (way === 'json') expect(view.usage).toBeDefined();
    check?.(view, asked);
  });
});

/** In a stream, empty lists may not have been sent. */
function withoutEmptyLists({ choices }: View): View['choices'] {
  return choices.map((choice) => (choice.logprobs?.tokens.length === 0 ? { ...choice, logprobs: null } : choice));
}
