/** Chromium on a Linux without a locale reports `en-US@posix`, which Intl, and therefore uPlot, rejects. */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}
