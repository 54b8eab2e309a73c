import { describe, expect, it } from '@jest/globals';
import { Redaction } from './redaction.js';

const KEY = 'sk-Secret/1';
const redaction = new Redaction([
  { baseUrl: 'http://gpu-a:8000/v1', apiKey: KEY },
  { baseUrl: 'https://engines.internal/v1/', apiKey: 'none' },
  { baseUrl: 'http://[fd00::7]:8080/v1' },
]);

describe('the text of an upstream that clients read', () => {
  it.each([
    [`key ${KEY}.`, 'key [redacted].'],
    [`?key=${encodeURIComponent(KEY)}&x`, '?key=[redacted]&x'],
    ['Authorization: bearer abc.def, then', 'Authorization: [redacted], then'],
    ['{"Authorization":"Bearer abc"}', '{"Authorization":"[redacted]"}'],
    ['at http://gpu-a:8000/v1/completions', 'at [redacted]/completions'],
    ['at HTTP://GPU-A:8000', 'at [redacted]'],
    ['connect ECONNREFUSED gpu-a:8000', 'connect ECONNREFUSED [redacted]'],
    ['engines.internal:443 or engines.internal', '[redacted] or [redacted]'],
    ['[fd00::7]:8080 and fd00::7', '[redacted] and [redacted]'],
  ])('has no credential and no address in it: %s', (text, cleaned) => {
    expect(redaction.clean(text)).toBe(cleaned);
  });

  it.each([
    'The gpu-a model takes 8000 tokens: see https://platform.openai.com/docs.',
    'nonexistent model, none-such',
    'Bearer',
    '',
  ])('is else as it was: %j', (text) => {
    expect(redaction.clean(text)).toBe(text);
  });

  it('has a short credential redacted where it stands alone', () => {
    expect(redaction.clean('your key (none) is wrong')).toBe('your key ([redacted]) is wrong');
  });

  it('is at most 4 KiB of whole characters, without half a secret at its end', () => {
    const whole = 'é'.repeat(2_048);
    expect(redaction.clean(whole)).toBe(whole);
    expect(redaction.clean(`${whole}é`)).toBe(`${'é'.repeat(2_046)}…`);
    for (let before = 8_190; before < 8_230; before++) {
      expect(redaction.clean('x'.repeat(before) + KEY)).not.toContain('sk');
    }
    for (let before = 0; before < 100; before++) {
      const text = `${'x'.repeat(before)}${`${KEY} `.repeat(5_000)}`;
      expect(redaction.clean(text)).not.toMatch(/sk-|s…$|sk…$/);
    }
  });

  it('is well-formed, whatever it was', () => {
    expect(redaction.clean('a\ud800b').isWellFormed()).toBe(true);
  });
});
