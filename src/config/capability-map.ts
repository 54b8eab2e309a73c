import { ValidateBy } from 'class-validator';
import { isJsonObject } from '../common/exact-json.js';
import { type FeatureName, FEATURE_NAMES, NEVER_EMULATED, type Support, SUPPORTS } from '../engines/feature-names.js';

/** A map from capabilities to how the upstream stands to them. */
export function IsCapabilityMap(): PropertyDecorator {
  return ValidateBy({
    name: 'isCapabilityMap',
    validator: {
      validate: (value: unknown) => explainCapabilities(value) === undefined,
      defaultMessage: (args) => explainCapabilities(args?.value) ?? '',
    },
  });
}

function explainCapabilities(value: unknown): string | undefined {
  if (!isJsonObject(value)) {
    return `must be a map from capabilities to ${SUPPORTS.join(', ')}`;
  }
  for (const [name, support] of Object.entries(value)) {
    if (!FEATURE_NAMES.includes(name as FeatureName)) {
      return `${name} is no capability; there are ${FEATURE_NAMES.join(', ')}`;
    }
    const allowed = NEVER_EMULATED.includes(name as FeatureName) ? ['native', 'refuse'] : SUPPORTS;
    if (!allowed.includes(support as Support)) return `${name} must be one of: ${allowed.join(', ')}`;
  }
  return undefined;
}
