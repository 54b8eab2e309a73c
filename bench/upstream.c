/*
 * A model server of minimal cost: one thread, every answer prepared in advance.
 *
 * POST /v1/completions reads only `model` and `stream`. With `"stream":true` the model name says how to stream:
 * `…-paced-<interval in ms>-<events>` sends an event each interval, `…-unpaced-<events>` as many as fit into a write. GET
 * answers health checks and the list of models. It listens on 127.0.0.1, on a port that the system chooses, and prints the
 * port.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "answers.h"

#define MAX_REQUEST_BYTES 65536
/* Longer than the longest interval between two events. */
#define WHEEL_MS 4096

typedef struct Connection {
  int socket;
  char *request;
  size_t requestLength;
  Model *model; /* of the current stream, or NULL */
  int eventsLeft;
  bool tailSent;
  const char *out;
  size_t outLength;
  uint64_t dueMs;
  struct Connection *previous, *next; /* its neighbours in a slot of the wheel */
} Connection;

static Connection wheel[WHEEL_MS]; /* each slot is the head of a ring */
static uint64_t wheelMs;
static int pacedCount;
static int epollFd, timerFd;

static uint64_t nowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void runTimer(bool runs) {
  struct itimerspec every = {0};
  if (runs) {
    /* Off the edge of a millisecond: events that came now before, now after it would look delayed. */
    clock_gettime(CLOCK_MONOTONIC, &every.it_value);
    every.it_value.tv_nsec = every.it_value.tv_nsec / 1000000 * 1000000 + 300000;
    every.it_interval.tv_nsec = 1000000;
  }
  timerfd_settime(timerFd, TFD_TIMER_ABSTIME, &every, NULL);
}

static void leaveWheel(Connection *connection) {
  if (!connection->next) return;
  connection->previous->next = connection->next;
  connection->next->previous = connection->previous;
  connection->next = connection->previous = NULL;
  if (--pacedCount == 0) runTimer(false);
}

static void enterWheel(Connection *connection) {
  if (pacedCount++ == 0) {
    wheelMs = nowMs();
    runTimer(true);
  }
  if (connection->dueMs <= wheelMs) connection->dueMs = wheelMs + 1;
  Connection *slot = &wheel[connection->dueMs % WHEEL_MS];
  connection->next = slot;
  connection->previous = slot->previous;
  slot->previous->next = connection;
  slot->previous = connection;
}

static void closeConnection(Connection *connection) {
  leaveWheel(connection);
  close(connection->socket);
  free(connection->request);
  free(connection);
}

static void say(Connection *connection, Text what) {
  connection->out = what.bytes;
  connection->outLength = what.length;
}

/* Prepares the stream's next bytes; false if there are none now. */
static bool nextOfStream(Connection *connection) {
  Model *model = connection->model;
  if (!model || connection->next) return false;
  if (connection->eventsLeft == 0) {
    if (connection->tailSent) return connection->model = NULL, false;
    connection->tailSent = true;
    say(connection, model->tail);
  } else if (model->intervalMs > 0) {
    if (nowMs() < connection->dueMs) return enterWheel(connection), false;
    connection->dueMs += (uint64_t)(model->intervalMs % WHEEL_MS);
    connection->eventsLeft--;
    say(connection, model->event);
  } else {
    bool isBlock = connection->eventsLeft >= EVENTS_A_WRITE;
    connection->eventsLeft -= isBlock ? EVENTS_A_WRITE : 1;
    say(connection, isBlock ? model->eventBlock : model->event);
  }
  return true;
}

/* Writes until the socket is full, the stream has to wait, or all is sent; false if the client has disconnected. */
static bool writeOut(Connection *connection) {
  while (connection->outLength > 0 || nextOfStream(connection)) {
    ssize_t written = send(connection->socket, connection->out, connection->outLength, MSG_NOSIGNAL);
    if (written < 0) return errno == EAGAIN;
    connection->out += written;
    connection->outLength -= (size_t)written;
  }
  return true;
}

static void answer(Connection *connection, const char *body) {
  static Text list, well;
  if (!list.bytes) {
    list = ok("application/json", text("{\"object\":\"list\",\"data\":[{\"id\":\"bench-json\",\"object\":\"model\"}]}"));
    well = ok("application/json", text("{\"status\":\"ok\"}"));
  }
  if (strncmp(connection->request, "GET /v1/models", 14) == 0) return say(connection, list);
  if (strncmp(connection->request, "POST ", 5) != 0) return say(connection, well);
  Model *model = modelOf(body);
  if (!strstr(body, "\"stream\":true")) return say(connection, model->json);
  connection->model = model;
  connection->eventsLeft = model->events;
  connection->tailSent = false;
  connection->dueMs = nowMs();
  say(connection, model->head);
}

/* Answers the request once it is complete. A client sends the next one only after the answer. */
static void takeRequest(Connection *connection) {
  char *request = connection->request;
  request[connection->requestLength] = '\0';
  char *end = strstr(request, "\r\n\r\n");
  if (!end) return;
  size_t headLength = (size_t)(end - request) + 4, bodyLength = 0;
  char *field = strcasestr(request, "\ncontent-length:");
  if (field && field < end) bodyLength = strtoul(field + 16, NULL, 10);
  if (connection->requestLength < headLength + bodyLength) return;
  answer(connection, request + headLength);
  connection->requestLength = 0;
}

static void serve(Connection *connection) {
  for (;;) {
    size_t room = MAX_REQUEST_BYTES - 1 - connection->requestLength;
    ssize_t count = room == 0 ? 0 : recv(connection->socket, connection->request + connection->requestLength, room, 0);
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) return closeConnection(connection);
    connection->requestLength += (size_t)count;
    takeRequest(connection);
    if ((size_t)count < room) break;
  }
  if (!writeOut(connection)) closeConnection(connection);
}

/* Sends the events that have become due since the last call. */
static void tick(void) {
  for (uint64_t now = nowMs(); wheelMs < now && pacedCount > 0;) {
    wheelMs++;
    Connection *slot = &wheel[wheelMs % WHEEL_MS];
    while (slot->next != slot) {
      Connection *connection = slot->next;
      leaveWheel(connection);
      if (!writeOut(connection)) closeConnection(connection);
    }
  }
}

static void acceptAll(int listener) {
  for (int socket; (socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    Connection *connection = calloc(1, sizeof *connection);
    connection->socket = socket;
    connection->request = malloc(MAX_REQUEST_BYTES);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
    epoll_ctl(epollFd, EPOLL_CTL_ADD, socket, &event);
  }
}

int main(void) {
  for (int i = 0; i < WHEEL_MS; i++) wheel[i].next = wheel[i].previous = &wheel[i];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 4096)) die("listen");
  getsockname(listener, (struct sockaddr *)&address, &length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  epollFd = epoll_create1(0);
  timerFd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event listening = {.events = EPOLLIN, .data.ptr = &listener};
  struct epoll_event ticking = {.events = EPOLLIN, .data.ptr = &timerFd};
  epoll_ctl(epollFd, EPOLL_CTL_ADD, listener, &listening);
  epoll_ctl(epollFd, EPOLL_CTL_ADD, timerFd, &ticking);
  for (struct epoll_event events[256];;) {
    int count = epoll_wait(epollFd, events, 256, -1);
    bool ticks = false;
    for (int i = 0; i < count; i++) {
      uint64_t expirations;
      if (events[i].data.ptr == &listener) acceptAll(listener);
      else if (events[i].data.ptr == &timerFd) ticks = read(timerFd, &expirations, sizeof expirations) > 0;
      else serve(events[i].data.ptr);
    }
    /* Last: it may close connections that `events` still names. */
    if (ticks) tick();
  }
}
