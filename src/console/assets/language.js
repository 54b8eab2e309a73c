/** Chromium on a Linux without a language says `en-US@posix`, which Intl refuses, and with it uPlot. */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}
