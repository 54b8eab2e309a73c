/**
 * For `@ApiSchema`, whose type lacks `additionalProperties` (@nestjs/swagger 12.0.2): an object may have fields beyond the
 * documented ones.
 */
export const TAKES_MORE_FIELDS: object = { additionalProperties: true };
