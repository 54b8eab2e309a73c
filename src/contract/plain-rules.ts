import {
  IsArray,
  IsIn,
  IsInt,
  isObject,
  IsObject,
  IsString,
  MaxLength,
  Max,
  Min,
  MinLength,
  ValidateBy,
} from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import { atLeast, atMost, type Explain, integer } from './field-rules.js';

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

const dictionary = { msg: 'Input should be a valid dictionary', type: 'dict_type' };

export function IsDictionary(): PropertyDecorator {
  return IsObject({ message: dictionary.msg, context: { type: dictionary.type } });
}

/** A dictionary of at most so many dictionaries, which was read as a map. */
export function IsMapOfDictionaries(most: number): PropertyDecorator {
  const explain: Explain = (value) => {
    if (!(value instanceof Map)) return [{ loc: [], ...dictionary }];
    const entries = [...(value as Map<string, unknown>)];
    if (entries.length > most)
      return [{ loc: [], msg: `Dictionary should have at most ${most} items`, type: 'too_long' }];
    return entries.flatMap(([name, each]) => (isObject(each) ? [] : [{ loc: [name], ...dictionary }]));
  };
  const validate = (value: unknown): boolean => explain(value, {}).length === 0;
  return ValidateBy(
    { name: 'isMapOfDictionaries', validator: { validate } },
    { message: dictionary.msg, context: { explain } },
  );
}
