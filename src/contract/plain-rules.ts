import { IsArray, IsIn, IsInt, IsString, MaxLength, Max, Min, MinLength } from 'class-validator';
import { applyDecorators } from '@nestjs/common';
import { atLeast, atMost, integer } from './field-rules.js';

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
