/**
 * For `@ApiSchema`, whose type leaves `additionalProperties` out (@nestjs/swagger 12.0.2): an object that may have more fields
 * than are documented.
 */
export const TAKES_MORE_FIELDS: object = { additionalProperties: true };
