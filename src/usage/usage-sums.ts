/** Seconds. */
export const WIDTHS = { '1m': 60, '1h': 3_600, '1d': 86_400 } as const;
