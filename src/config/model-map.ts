import { ValidateBy } from 'class-validator';

/** A list of model names, or a map from the requested name to the upstream's. */
export function IsModelMap(): PropertyDecorator {
  return ValidateBy({
    name: 'isModelMap',
    validator: {
      validate: isModelMap,
      defaultMessage: () => "must be a list of model names, or a map from a requested name to the upstream's",
    },
  });
}

function isModelMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const names = Array.isArray(value)
    ? (value as unknown[])
    : [...Object.keys(value), ...(Object.values(value) as unknown[])];
  return names.length > 0 && names.every((name) => typeof name === 'string' && name !== '');
}

/** Requested name to the upstream's name. */
export function toModelMap(models: Record<string, string> | string[]): Map<string, string> {
  return new Map(Array.isArray(models) ? models.map((name) => [name, name]) : Object.entries(models));
}
