/**
 * For pages that hold a key: they run and show nothing but the gateway's own files, speak to nobody else, and stand in nobody's
 * frame. Styles are in Swagger UI's HTML and made by its script, and may be so; `data:` are its icons.
 */
export const PAGE_HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
