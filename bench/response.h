/* Parses the answers of one connection, however they are split into reads: as much of HTTP/1.1 as servers use. */
#ifndef RESPONSE_H
#define RESPONSE_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HEAD_BYTES 8192
#define TAIL_BYTES 32

typedef enum { HEAD, FIXED_BODY, PIECE_SIZE, PIECE, PIECE_END, TRAILER, COMPLETE, MALFORMED } Stage;

typedef struct {
  Stage stage;
  int status;
  bool closes; /* the server closes the connection after this answer */
  char head[MAX_HEAD_BYTES];
  size_t headLength;
  size_t left; /* bytes of the body, or of this chunk */
  size_t bodyBytes;
  char line[32]; /* the size of a chunk, or a trailer */
  size_t lineLength;
  char tail[TAIL_BYTES]; /* the last bytes of the body */
  char last; /* the body's last byte */
  int64_t events; /* blank lines: the ends of events, if this is a stream */
} Response;

static void startResponse(Response *response) {
  response->stage = HEAD;
  response->status = 0;
  response->closes = false;
  response->headLength = response->left = response->bodyBytes = response->lineLength = 0;
  response->events = 0;
  response->last = '\0';
  memset(response->tail, 0, TAIL_BYTES);
}

static void takeHead(Response *response) {
  char *head = response->head;
  head[response->headLength] = '\0';
  response->status = strncmp(head, "HTTP/1.", 7) == 0 ? atoi(head + 9) : 0;
  response->closes = strcasestr(head, "\nconnection: close") != NULL;
  char *length = strcasestr(head, "\ncontent-length:");
  if (strcasestr(head, "\ntransfer-encoding: chunked")) response->stage = PIECE_SIZE;
  else if (length) response->left = strtoul(length + 16, NULL, 10), response->stage = FIXED_BODY;
  else response->stage = MALFORMED;
  if (response->stage == FIXED_BODY && response->left == 0) response->stage = COMPLETE;
}

static void takeBody(Response *response, const char *bytes, size_t length) {
  const char *end = bytes + length;
  for (const char *newline = bytes; (newline = memchr(newline, '\n', (size_t)(end - newline))); newline++)
    if ((newline > bytes ? newline[-1] : response->last) == '\n') response->events++;
  response->last = end[-1];
  response->bodyBytes += length;
  size_t kept = length < TAIL_BYTES ? TAIL_BYTES - length : 0;
  memmove(response->tail, response->tail + TAIL_BYTES - kept, kept);
  memcpy(response->tail + kept, end - (TAIL_BYTES - kept), TAIL_BYTES - kept);
}

/* A line of the framing, ending with `\n`; false while it is incomplete. */
static bool takeLine(Response *response, const char **bytes, const char *end) {
  while (*bytes < end) {
    char byte = *(*bytes)++;
    if (byte == '\n') {
      response->line[response->lineLength] = '\0';
      response->lineLength = 0;
      return true;
    }
    if (byte != '\r' && response->lineLength < sizeof response->line - 1) response->line[response->lineLength++] = byte;
  }
  return false;
}

/* Reads `bytes`, up to the end of the answer. */
static void readResponse(Response *response, const char *bytes, const char *end) {
  while (bytes < end && response->stage < COMPLETE) {
    if (response->stage == HEAD) {
      if (response->headLength == MAX_HEAD_BYTES - 1) response->stage = MALFORMED;
      else response->head[response->headLength++] = *bytes++;
      if (response->headLength >= 4 && memcmp(response->head + response->headLength - 4, "\r\n\r\n", 4) == 0)
        takeHead(response);
    } else if (response->stage == FIXED_BODY || response->stage == PIECE) {
      size_t length = (size_t)(end - bytes) < response->left ? (size_t)(end - bytes) : response->left;
      takeBody(response, bytes, length);
      bytes += length;
      response->left -= length;
      if (response->left == 0) response->stage = response->stage == PIECE ? PIECE_END : COMPLETE;
    } else if (takeLine(response, &bytes, end)) {
      if (response->stage == PIECE_END) response->stage = PIECE_SIZE;
      else if (response->stage == TRAILER) response->stage = response->line[0] == '\0' ? COMPLETE : TRAILER;
      else response->left = strtoul(response->line, NULL, 16), response->stage = response->left > 0 ? PIECE : TRAILER;
    }
  }
}

#endif
