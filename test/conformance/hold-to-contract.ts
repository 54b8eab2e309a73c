import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Body, isOfTokens } from '../support/engines/asked.js';
import type { Usage } from '../support/engines/dialect.js';
import { errorOf } from '../support/gateway.js';
import { CASES } from './cases/all.js';
import { anyCombination } from './cases/combinations.js';
import { readAnswer, readStream, type View, type ViewChoice } from './client-view.js';
import type { ConformanceCase, Way } from './conformance-case.js';
import { contractAnswer, forbiddenFields, isDetermined, refusedParams } from './expectation.js';
import { Stage, type Subject } from './subjects.js';

const MODEL = 'tiny';
/** Random ones for each engine, the same for a seed. */
const COMBINATIONS = 60;

/** Runs every case against one engine: each is answered as the contract says, or refused as the profile says. */
export function holdToContract(subject: Subject): void {
  describe(`the contract, in front of ${subject.name}`, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await Stage.of(subject);
    });
    afterAll(() => stage.stop());

    it.each(CASES.flatMap(inAllWays))('$name ($way)', async ({ way, conformanceCase }) => {
      const asked = bodyOf(conformanceCase, way, subject);
      const view = await expectConformance(stage, asked);
      if (view) conformanceCase.check?.(view, asked);
    });

    it('any combination of fields', async () => {
      await fc.assert(
        fc.asyncProperty(anyCombination, async (body) => {
          await expectConformance(stage, { model: MODEL, ...body });
        }),
        { numRuns: COMBINATIONS, endOnFailure: true },
      );
    }, 60_000);
  });
}

/**
 * Expects what the contract says, or the refusal that follows from the profile.
 *
 * @returns the answer, unless it is a refusal.
 */
async function expectConformance({ subject, profile, gateway, fake }: Stage, asked: Body): Promise<View | undefined> {
  const sentBefore = fake.requests.length;
  const response = await gateway.complete(asked);
  const forbidden = forbiddenFields(asked, profile);
  const refused = refusedParams(asked, profile, subject.fillsIn);
  if (forbidden.length > 0 || refused.length > 0) {
    await (forbidden.length > 0 ? expectForbidden(response, forbidden) : expectRefused(response, refused));
    // A refused request does not reach the engine.
    expect(fake.requests).toHaveLength(sentBefore);
    return undefined;
  }
  const view = await (asked.stream === true ? readStream(response, asked) : readAnswer(response, asked));
  expectAnswer(view, asked, subject);
  return view;
}

export function inAllWays(
  conformanceCase: ConformanceCase,
): { name: string; way: Way; conformanceCase: ConformanceCase }[] {
  const { name, ways = ['json', 'stream'] } = conformanceCase;
  return ways.map((way) => ({ name, way, conformanceCase }));
}

function bodyOf({ body, told }: ConformanceCase, way: Way, subject: Subject): Body {
  const text = told ? (contractAnswer(told, subject.sampling).choices[0]?.text ?? '') : '';
  const given = typeof body === 'function' ? body(text) : body;
  return { model: MODEL, ...given, ...(way === 'stream' ? { stream: true } : {}) };
}

export async function expectRefused(response: Response, params: readonly string[]): Promise<void> {
  const { detail, error } = await errorOf(response);
  expect({ status: response.status, ...error }).toEqual({
    status: 400,
    message: detail,
    type: 'invalid_request_error',
    param: expect.stringMatching(new RegExp(`^(${params.join('|')})$`)),
    code: 'unsupported_parameter',
  });
}

export async function expectForbidden(response: Response, fields: readonly string[]): Promise<void> {
  const { detail, error } = await errorOf(response);
  expect(response.status).toBe(422);
  expect(error).toMatchObject({ type: 'invalid_request_error', param: fields[0], code: 'extra_forbidden' });
  expect(detail).toHaveLength(fields.length);
}

function expectAnswer(view: View, asked: Body, subject: Subject): void {
  const expected = contractAnswer(asked, subject.sampling);
  if (isDetermined(asked)) {
    expect(comparable(view.choices)).toMatchObject(
      comparable(expected.choices.map((each) => known(each, asked, subject))),
    );
  } else {
    expect(view.choices).toHaveLength(expected.choices.length);
  }
  expectUsage(view.usage, expected.usage, asked, subject);
}

/** What the gateway can know of a choice in front of this engine. */
function known(choice: ViewChoice, asked: Body, { knowsNoLength, namesNoBytes }: Subject): object {
  const { logprobs } = choice;
  const lacksNames = namesNoBytes && logprobs?.tokens.some((token) => token.startsWith('bytes:'));
  const nameless = { tokens: expect.any(Array), top_logprobs: expect.any(Array), text_offset: expect.any(Array) };
  return {
    ...choice,
    ...(knowsNoLength && asked.max_tokens !== 0 ? { finish_reason: 'stop' } : {}),
    logprobs: logprobs && {
      ...logprobs,
      ...(lacksNames ? nameless : {}),
      // Only the engine knows the characters of token ids.
      ...(isOfTokens(asked.prompt) ? { text_offset: expect.any(Array) } : {}),
    },
  };
}

/** Empty lists equal none: a stream may never send them. */
function comparable(choices: readonly object[]): object[] {
  return choices.map((choice) => {
    const { logprobs } = choice as { logprobs?: { tokens: unknown } | null };
    return Array.isArray(logprobs?.tokens) && logprobs.tokens.length === 0 ? { ...choice, logprobs: null } : choice;
  });
}

function expectUsage(usage: Usage | undefined, expected: Usage | undefined, asked: Body, subject: Subject): void {
  if (asked.stream !== true) expect(usage === undefined).toBe(subject.lacksUsage ?? false);
  if (!usage || !expected) return;
  expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
  const isRecounted = asked.stream === true && subject.recountsUsage === true;
  if (!isRecounted || !asked.suffix) expect(usage.prompt_tokens).toBe(expected.prompt_tokens);
  if (!isDetermined(asked) || isRecounted) return;
  const isPastStop = subject.generatesPastStop === true && Boolean(asked.stop);
  if (isPastStop) expect(usage.completion_tokens).toBeGreaterThanOrEqual(expected.completion_tokens);
  else expect(usage.completion_tokens).toBe(expected.completion_tokens);
}
