import { describe, expect, it } from '@jest/globals';
import { ApiError } from './api-error.js';
import { reasonPhraseOf } from './reason-phrase.js';

describe('the reason phrase', () => {
  it.each([
    [
      422,
      'ignore_eos: Extra inputs are not permitted',
      'Unprocessable Entity: ignore_eos: Extra inputs are not permitted',
    ],
    [400, 'Ärger\r\nSet-Cookie: a=b', 'Bad Request: rger Set-Cookie: a=b'],
    [400, 'x'.repeat(500), `Bad Request: ${'x'.repeat(107)}`],
    [404, '\u2028', 'Not Found:'],
    [502, 'The upstream failed with status 500.', 'Bad Gateway'],
  ])('of %i %j is %j', (status, message, phrase) => {
    expect(reasonPhraseOf(new ApiError(status, 'code', message))).toBe(phrase);
  });
});
