import { ValidateBy } from 'class-validator';
import { isJsonObject } from '../common/exact-json.js';

/** A map from patterns of model names to limits, each of `options` a whole number up to its maximum. */
export function IsModelLimits(options: Readonly<Record<string, number>>): PropertyDecorator {
  return ValidateBy({
    name: 'isModelLimits',
    validator: {
      validate: (value: unknown) => explain(value, options) === undefined,
      defaultMessage: (args) => explain(args?.value, options) ?? '',
    },
  });
}

function explain(value: unknown, options: Readonly<Record<string, number>>): string | undefined {
  if (!isJsonObject(value)) return 'must be a map from model names, with `*` for any characters, to limits';
  for (const [pattern, limits] of Object.entries(value)) {
    if (!isJsonObject(limits)) return `${pattern} must be a map of limits`;
    for (const [option, limit] of Object.entries(limits)) {
      const max = options[option];
      if (max === undefined)
        return `${pattern}.${option}: no such option; there are ${Object.keys(options).join(', ')}`;
      const isLimit = Number.isInteger(limit) && Number(limit) >= 1 && Number(limit) <= max;
      if (!isLimit) return `${pattern}.${option} must be a whole number from 1 to ${max}`;
    }
  }
  return undefined;
}
