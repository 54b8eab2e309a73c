import { applyDecorators } from '@nestjs/common';
import { IsArray, IsIn, IsInt, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import { isJsonObject } from '../common/exact-json.js';
import { atLeast, atMost, type Explain, integer, NO_DICTIONARY, satisfies } from './field-rules.js';

const MAX_NAME_LENGTH = 256;

const text = { message: 'Input should be a valid string', context: { type: 'string_type' } };

/** A name of 1 to 256 characters. */
export function IsNameText(): PropertyDecorator {
  return applyDecorators(
    IsString(text),
    MinLength(1, { message: 'String should have at least 1 character', context: { type: 'string_too_short' } }),
    MaxLength(MAX_NAME_LENGTH, {
      message: `String should have at most ${MAX_NAME_LENGTH} characters`,
      context: { type: 'string_too_long' },
    }),
  );
}

export function IsWholeFrom(min: number, max: number): PropertyDecorator {
  return applyDecorators(IsInt(integer), Min(min, atLeast), Max(max, atMost));
}

export function IsListOfNames(): PropertyDecorator {
  return applyDecorators(
    IsArray({ message: 'Input should be a valid list', context: { type: 'list_type' } }),
    IsString({ ...text, each: true }),
  );
}

export function IsOneOfTexts(values: readonly string[]): PropertyDecorator {
  const message = `Input should be ${values.map((value) => `'${value}'`).join(' or ')}`;
  return IsIn(values, { message, context: { type: 'enum' } });
}

/** A dictionary of at most `most` dictionaries, which class-transformer has made a map. */
export function IsMapOfDictionaries(most: number): PropertyDecorator {
  const explain: Explain = (value) => {
    if (!(value instanceof Map)) return NO_DICTIONARY;
    const entries = [...(value as Map<string, unknown>)];
    if (entries.length > most)
      return [{ loc: [], msg: `Dictionary should have at most ${most} items`, type: 'too_long' }];
    const wrong = entries.filter(([, each]) => !isJsonObject(each));
    return wrong.flatMap(([name]) => NO_DICTIONARY.map((issue) => ({ ...issue, loc: [name] })));
  };
  return satisfies('isMapOfDictionaries', explain)();
}
