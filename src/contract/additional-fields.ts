/**
 * For `@ApiSchema`, whose type leaves `additionalProperties` out (@nestjs/swagger 12.0.2): an object that may have more fields
 * than are documented, and one that may not.
 */
export const TAKES_MORE_FIELDS: object = { additionalProperties: true };
export const TAKES_NO_MORE_FIELDS: object = { additionalProperties: false };
