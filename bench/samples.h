/* Measured times, all of them kept: percentiles are exact. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  int64_t *values;
  size_t count, room;
} Samples;

static void addSample(Samples *samples, int64_t value) {
  if (samples->count == samples->room) {
    samples->room = samples->room == 0 ? 65536 : samples->room * 2;
    samples->values = realloc(samples->values, samples->room * sizeof *samples->values);
    if (!samples->values) exit(1);
  }
  samples->values[samples->count++] = value;
}

static int ascending(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static void printPercentile(const char *name, const Samples *samples, double share) {
  size_t rank = (size_t)(share * (double)samples->count);
  if (samples->count == 0) printf("\"%s\":null", name);
  else printf("\"%s\":%.1f", name, (double)samples->values[rank] / 1000);
}

/* `"name":{"p50":…,"p99":…}`, in microseconds. Null: never measured. */
static void printSamples(const char *name, Samples *samples) {
  qsort(samples->values, samples->count, sizeof *samples->values, ascending);
  printf("\"%s\":{", name);
  printPercentile("p50", samples, 0.5), printf(",");
  printPercentile("p99", samples, 0.99), printf("}");
}

#endif
