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

/* `"name":{"count":…,"p50":…,…}`, in microseconds. Null: never measured. */
static void printSamples(const char *name, Samples *samples) {
  static const struct {
    const char *name;
    double share;
  } PERCENTILES[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1}};
  qsort(samples->values, samples->count, sizeof *samples->values, ascending);
  printf("\"%s\":{\"count\":%zu", name, samples->count);
  for (size_t i = 0; i < sizeof PERCENTILES / sizeof *PERCENTILES; i++) {
    size_t rank = (size_t)(PERCENTILES[i].share * (double)samples->count);
    if (rank >= samples->count) rank = samples->count - 1;
    if (samples->count == 0) printf(",\"%s\":null", PERCENTILES[i].name);
    else printf(",\"%s\":%.1f", PERCENTILES[i].name, (double)samples->values[rank] / 1000);
  }
  printf("}");
}

#endif
