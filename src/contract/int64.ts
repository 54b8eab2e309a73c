/** A whole number in the document: `number` alone says that it may be 0.5, and is half as exact in some languages. */
export const INT64 = { type: 'integer', format: 'int64' } as const;
