import { Transform } from 'class-transformer';
import { readFileSync } from 'node:fs';
import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsString,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateBy,
  ValidateNested,
  type ValidationArguments,
} from 'class-validator';
import { isJsonObject } from '../common/exact-json.js';

/** The rules of the configuration, each with a message that says what was expected. */

/** class-validator's decorators are applied one by one: Nest's `applyDecorators` has a later floor. */
function all(...decorators: PropertyDecorator[]): PropertyDecorator {
  return (target, key) => {
    for (const decorate of decorators) decorate(target, key);
  };
}

/** The environment has only text (`port: ${PORT}`); text that means nothing is left as it is, and refused. */
const fromText = (read: (text: string) => unknown): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? (read(value.trim()) ?? value) : value));

export function IsWholeNumber(min: number, max: number): PropertyDecorator {
  const message = `must be a whole number from ${min} to ${max}`;
  const number = fromText((text) => (/^-?\d+$/.test(text) ? Number(text) : undefined));
  return all(number, IsInt({ message }), Min(min, { message }), Max(max, { message }));
}

const MAX_WORKERS = 256;

export function IsWorkerCount(): PropertyDecorator {
  const message = `must be auto, or a whole number from 1 to ${MAX_WORKERS}`;
  const number = fromText((text) => (/^\d+$/.test(text) ? Number(text) : undefined));
  const isCount = (value: unknown): boolean =>
    value === 'auto' || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_WORKERS);
  return all(number, ValidateBy({ name: 'isWorkerCount', validator: { validate: isCount } }, { message }));
}

export function IsNumberFrom(min: number, max: number): PropertyDecorator {
  const message = `must be a number from ${min} to ${max}`;
  const number = fromText((text) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined));
  return all(number, IsNumber({}, { message }), Min(min, { message }), Max(max, { message }));
}

const MAX_TIMER_MS = 2_147_483_647;

export function IsMilliseconds(min: number): PropertyDecorator {
  return IsWholeNumber(min, MAX_TIMER_MS);
}

export function IsSwitch(): PropertyDecorator {
  const flag = fromText((text) => ({ true: true, false: false })[text]);
  return all(flag, IsBoolean({ message: 'must be true or false' }));
}

/** YAML reads `5e71` and `0123` as numbers, which ids and keys may look like. */
const aString = { message: 'must be text; put it in quotes when it looks like a number' };

export function IsNonEmptyString(): PropertyDecorator {
  return all(IsString(aString), MinLength(1, { message: 'must not be empty' }));
}

/** What can be sent as a credential or an id in a header. */
export function IsHeaderText(): PropertyDecorator {
  const message = 'must be printable ASCII without spaces or line ends';
  return all(IsString(aString), Matches(/^[\x21-\x7e]+$/, { message }));
}

export function IsListOfStrings(): PropertyDecorator {
  const message = 'must be a list of texts; put one in quotes when it looks like a number';
  return all(IsArray({ message }), IsString({ each: true, message }));
}

/** As browsers send them in `Origin`: scheme, host and port, and nothing after them. */
export function IsListOfOrigins(): PropertyDecorator {
  const message = 'must be a list of origins such as https://app.example.com, without a path, or "*"';
  const isOrigin = (value: unknown): boolean =>
    value === '*' || (typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value);
  const validate = (value: unknown): boolean => Array.isArray(value) && value.every(isOrigin);
  return ValidateBy({ name: 'isListOfOrigins', validator: { validate, defaultMessage: () => message } });
}

/** `key=value,key=value` with percent-encoded parts, as OpenTelemetry's variables have it. */
export function IsPairs(): PropertyDecorator {
  const message = 'must be key=value pairs with commas between them, percent-encoded';
  return Matches(/^([^,=%]+=([^,=%]|%[\da-fA-F]{2})*(,|$))*$/, { message });
}

export function IsOneOf(values: readonly string[]): PropertyDecorator {
  return IsIn(values, { message: `must be one of: ${values.join(', ')}` });
}

/** A map from names to texts, each of which has every one of the `places`. */
export function IsTemplateMap(places: readonly string[]): PropertyDecorator {
  const isTemplate = (text: unknown): boolean =>
    typeof text === 'string' && places.every((place) => text.includes(place));
  return ValidateBy({
    name: 'isTemplateMap',
    validator: {
      validate: (value: unknown) => isJsonObject(value) && Object.values(value).every(isTemplate),
      defaultMessage: () => `must be a map from model names to texts with ${places.join(' and ')}`,
    },
  });
}

/** What the platform's own URL parser takes: `http://0x100000000/` looks like a URL, and is none. */
export function IsParsableUrl(): PropertyDecorator {
  return ValidateBy({
    name: 'isParsableUrl',
    validator: {
      validate: (value: unknown) => typeof value !== 'string' || URL.canParse(value),
      defaultMessage: () => 'must be a URL that can be parsed',
    },
  });
}

export function IsReadableFile(): PropertyDecorator {
  const problemOf = (value: unknown): string | undefined => {
    if (typeof value !== 'string') return 'must be the path of a file';
    try {
      readFileSync(value);
      return undefined;
    } catch (error) {
      return `cannot be read: ${(error as Error).message}`;
    }
  };
  return ValidateBy({
    name: 'isReadableFile',
    validator: {
      validate: (value: unknown) => problemOf(value) === undefined,
      defaultMessage: (args?: ValidationArguments) => problemOf(args?.value) ?? '',
    },
  });
}

/** Means nothing without the option `other`. */
export function ComesWith(other: string): PropertyDecorator {
  const validate = (_: unknown, args?: ValidationArguments): boolean =>
    (args?.object as Record<string, unknown> | undefined)?.[other] !== undefined;
  return ValidateBy({ name: 'comesWith', validator: { validate, defaultMessage: () => `needs ${other} beside it` } });
}

/** A name that is safe in logs and metrics. */
export function IsName(): PropertyDecorator {
  return Matches(/^[\w.-]{1,64}$/, { message: 'must be 1 to 64 letters, digits, dots, dashes or underscores' });
}

const aMap = 'must be a map of options';

export function IsSection(): PropertyDecorator {
  return ValidateNested({ message: aMap });
}

export function IsListOfSections(): PropertyDecorator {
  return all(IsArray({ message: 'must be a list of maps of options' }), ValidateNested({ each: true, message: aMap }));
}

/** No two items of a list may have the same `property`. */
export function AllDiffer(property: string): PropertyDecorator {
  return ValidateBy({
    name: `allDiffer.${property}`,
    validator: {
      validate: (items: unknown) => firstPair(items, property) === undefined,
      defaultMessage: (args?: ValidationArguments) => {
        const [first, second] = firstPair(args?.value, property) ?? [];
        return `[${first}] and [${second}] have the same ${property}`;
      },
    },
  });
}

function firstPair(items: unknown, property: string): [number, number] | undefined {
  const seen = new Map<unknown, number>();
  for (const [index, item] of Array.isArray(items) ? items.entries() : []) {
    const value = (item as Record<string, unknown> | null)?.[property];
    const first = seen.get(value);
    if (first !== undefined && value !== undefined) return [first, index];
    seen.set(value, index);
  }
  return undefined;
}
