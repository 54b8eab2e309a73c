/** A whole number in OpenAPI: `number` alone allows 0.5, and generated clients make it a float. */
export const INT64 = { type: 'integer', format: 'int64' } as const;
