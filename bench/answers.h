/* The answers of the fake upstream, prepared once for each model name. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MODELS 64
#define MAX_NAME_BYTES 128
#define EVENTS_A_WRITE 64

typedef struct {
  char *bytes;
  size_t length;
} Text;

/* The answers for one model name. */
typedef struct {
  char name[MAX_NAME_BYTES];
  int intervalMs; /* 0: unpaced */
  int events;
  Text json, head, event, eventBlock, tail;
} Model;

static Model models[MAX_MODELS];
static int modelCount;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static Text text(const char *format, ...) {
  Text result;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&result.bytes, format, arguments);
  va_end(arguments);
  if (length < 0) die("vasprintf");
  result.length = (size_t)length;
  return result;
}

/* One chunk of a chunked body (RFC 9112, section 7.1). */
static Text chunked(Text body, const char *end) {
  return text("%zx\r\n%s\r\n%s", body.length, body.bytes, end);
}

static Text ok(const char *type, Text body) {
  return text("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", type, body.length, body.bytes);
}

static Model *newModel(const char *name) {
  if (modelCount == MAX_MODELS) die("too many models");
  Model *model = &models[modelCount++];
  snprintf(model->name, sizeof model->name, "%s", name);
  const char *mode = strstr(name, "paced-");
  if (mode && mode > name && mode[-1] == 'n') sscanf(mode, "paced-%d", &model->events);
  else if (mode) sscanf(mode, "paced-%d-%d", &model->intervalMs, &model->events);
  if (model->events < 1) model->events = 16;

  model->json = ok("application/json",
      text("{\"id\":\"cmpl-0f9ea9d51eab472ab8ae0610f24b245c\",\"object\":\"text_completion\",\"created\":1795354403,"
           "\"model\":\"%s\",\"system_fingerprint\":\"fp_b5281b60ab79\",\"choices\":[{\"index\":0,\"text\":\", there was a "
           "quiet little boy named Leo. Everyone liked Leo. One day, Leo was by the lake. He saw a gold fish on the\","
           "\"logprobs\":null,\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":64,\"completion_tokens\":32,"
           "\"total_tokens\":96}}", name));
  model->head = text("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
                     "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n");
  Text event = text("data: {\"id\":\"cmpl-fe6c0904baf9470ca01f7a6cec937ced\",\"object\":\"text_completion\",\"created\":"
                    "1795354403,\"model\":\"%s\",\"choices\":[{\"index\":0,\"text\":\" little\",\"logprobs\":null,"
                    "\"finish_reason\":null}]}\n\n", name);
  model->event = chunked(event, "");
  /* Engines send each event as a chunk of its own; a slow reader gets many of them in one read. */
  size_t length = model->event.length;
  model->eventBlock = (Text){calloc(length * EVENTS_A_WRITE + 1, 1), length * EVENTS_A_WRITE};
  for (size_t i = 0; i < EVENTS_A_WRITE; i++) memcpy(model->eventBlock.bytes + length * i, model->event.bytes, length);
  Text tail = text("data: {\"id\":\"cmpl-fe6c0904baf9470ca01f7a6cec937ced\",\"object\":\"text_completion\",\"created\":"
                   "1795354403,\"model\":\"%1$s\",\"choices\":[{\"index\":0,\"text\":\".\",\"logprobs\":null,"
                   "\"finish_reason\":\"length\"}]}\n\n"
                   "data: {\"id\":\"cmpl-fe6c0904baf9470ca01f7a6cec937ced\",\"object\":\"text_completion\",\"created\":"
                   "1795354403,\"model\":\"%1$s\",\"choices\":[],\"usage\":{\"prompt_tokens\":64,\"completion_tokens\":32,"
                   "\"total_tokens\":96}}\n\ndata: [DONE]\n\n", name);
  model->tail = chunked(tail, "0\r\n\r\n");
  return model;
}

/* The model that the request names. A new name prepares its answers; the first request is not measured. */
static Model *modelOf(const char *body) {
  static const char KEY[] = "\"model\":\"";
  char name[MAX_NAME_BYTES] = "unknown";
  const char *start = strstr(body, KEY);
  if (start) sscanf(start + sizeof KEY - 1, "%127[^\"]", name);
  for (int i = 0; i < modelCount; i++)
    if (strcmp(models[i].name, name) == 0) return &models[i];
  return newModel(name);
}

#endif
