/*
 * A load generator of minimal cost: one thread, exact times, any number of connections.
 *
 *   load PORT REQUEST_FILE CONNECTIONS DURATION_MS RAMP_MS RATE
 *
 * sends the request in the file, head and body, over each connection repeatedly until the duration is over; requests in
 * flight then finish. With a duration of 0 each connection sends one. The connections start one by one over the ramp. With a
 * rate (requests a second in all; 0: none) each request has a set time, and is measured from that, even if it had to wait for
 * the one before it. An answer is good if it is a whole 200, and, if it is a stream, ends with `[DONE]`. Prints one JSON
 * object; times are in microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "response.h"
#include "samples.h"

#define READ_BYTES 262144
/* Requests still open this long after the duration are errors. */
#define PATIENCE_NS 30000000000

typedef enum { SCHEDULED, SENDING, WAITING, FINISHED } State;

typedef struct {
  State state;
  int socket; /* -1: not connected */
  int64_t due, startedAt, lastEventAt;
  size_t sent;
  Response response;
} Connection;

static struct sockaddr_in address = {.sin_family = AF_INET};
static char request[65536];
static size_t requestLength;
static Connection *connections;
static int connectionCount, finishedCount;
static int64_t endAt, periodNs;
static int epollFd, timerFd;
static int64_t requests, errors, events;
static Samples latency, firstEvent, gap;

static int64_t nowNs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void disconnect(Connection *connection) {
  if (connection->socket >= 0) close(connection->socket);
  connection->socket = -1;
}

static bool connectTo(Connection *connection) {
  int yes = 1;
  connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (connection->socket < 0) return false;
  setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(connection->socket, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) return false;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};
  return epoll_ctl(epollFd, EPOLL_CTL_ADD, connection->socket, &event) == 0;
}

/* Schedules the connection's next request after an answer, or finishes it. */
static void goOn(Connection *connection) {
  connection->state = SCHEDULED;
  connection->due = periodNs > 0 ? connection->due + periodNs : nowNs();
  if (connection->due < endAt && nowNs() < endAt) return;
  connection->state = FINISHED;
  finishedCount++;
  disconnect(connection);
}

/* Only the first error is reported on standard error: the others mostly are the same. */
static void fail(Connection *connection, const char *why) {
  if (errors++ == 0) fprintf(stderr, "  the first error: %s, after %zu bytes of a %d\n", why, connection->response.bodyBytes,
                             connection->response.status);
  disconnect(connection);
  goOn(connection);
}

static void writeRequest(Connection *connection) {
  ssize_t written = send(connection->socket, request + connection->sent, requestLength - connection->sent, MSG_NOSIGNAL);
  if (written < 0 && errno != EAGAIN && errno != ENOTCONN) return fail(connection, strerror(errno));
  if (written > 0) connection->sent += (size_t)written;
  if (connection->sent == requestLength) connection->state = WAITING;
}

static void start(Connection *connection) {
  connection->state = SENDING;
  connection->startedAt = periodNs > 0 ? connection->due : nowNs();
  connection->sent = 0;
  startResponse(&connection->response);
  if (connection->socket < 0 && !connectTo(connection)) return fail(connection, strerror(errno));
  writeRequest(connection);
}

/* Starts what is due, and sets the timer to what is due next. */
static void startDue(void) {
  int64_t next = INT64_MAX;
  for (int i = 0; i < connectionCount; i++) {
    Connection *connection = &connections[i];
    if (connection->state == SCHEDULED && connection->due <= nowNs()) start(connection);
    if (connection->state == SCHEDULED && connection->due < next) next = connection->due;
  }
  if (next == INT64_MAX) return;
  if (next <= nowNs()) next = nowNs() + 50000;
  struct itimerspec at = {.it_value = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000}};
  timerfd_settime(timerFd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void finish(Connection *connection) {
  Response *response = &connection->response;
  bool isStream = strcasestr(response->head, "text/event-stream") != NULL;
  static const char DONE[] = "data: [DONE]\n\n";
  bool isWhole = !isStream || memcmp(response->tail + TAIL_BYTES - 14, DONE, 14) == 0;
  if (response->stage == MALFORMED) return fail(connection, "not the HTTP that is understood here");
  if (response->status != 200) return fail(connection, "not a 200");
  if (!isWhole) return fail(connection, "a stream without [DONE]");
  requests++;
  addSample(&latency, nowNs() - connection->startedAt);
  if (response->closes) disconnect(connection);
  goOn(connection);
  if (connection->state == SCHEDULED && connection->due <= nowNs()) start(connection);
  else if (connection->state == SCHEDULED) startDue();
}

/* One sample per event: events of one read have no time between them. */
static void recordEvents(Connection *connection, int64_t before) {
  int64_t now = nowNs(), after = connection->response.events;
  for (int64_t event = before; event < after; event++) {
    if (event == 0) addSample(&firstEvent, now - connection->startedAt);
    else addSample(&gap, now - connection->lastEventAt);
    connection->lastEventAt = now;
  }
  events += after - before;
}

static void readAnswer(Connection *connection) {
  static char buffer[READ_BYTES];
  while (connection->state == WAITING) {
    ssize_t count = recv(connection->socket, buffer, sizeof buffer, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return fail(connection, count == 0 ? "closed" : strerror(errno));
    int64_t before = connection->response.events;
    readResponse(&connection->response, buffer, buffer + count);
    if (connection->response.events > before) recordEvents(connection, before);
    if (connection->response.stage >= COMPLETE) finish(connection);
    if ((size_t)count < sizeof buffer) return;
  }
}

static void serve(Connection *connection, uint32_t happened) {
  if (connection->socket < 0) return;
  if (connection->state == SENDING && happened & EPOLLOUT) writeRequest(connection);
  if (connection->state == WAITING && happened & EPOLLIN) readAnswer(connection);
  if (!(happened & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) || connection->socket < 0) return;
  if (connection->state == SENDING || connection->state == WAITING) fail(connection, "closed");
  else disconnect(connection);
}

static void readRequest(const char *file) {
  FILE *stream = fopen(file, "r");
  if (stream) requestLength = fread(request, 1, sizeof request, stream);
  if (requestLength == 0) perror(file), exit(1);
}

static void print(double elapsedMs) {
  printf("{\"requests\":%ld,\"errors\":%ld,\"events\":%ld,\"elapsedMs\":%.1f,", requests, errors, events, elapsedMs);
  printSamples("latency", &latency), printf(",");
  printSamples("firstEvent", &firstEvent), printf(",");
  printSamples("gap", &gap), printf("}\n");
}

int main(int count, char **arguments) {
  if (count != 7) return fprintf(stderr, "load PORT REQUEST_FILE CONNECTIONS DURATION_MS RAMP_MS RATE\n"), 2;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons((uint16_t)atoi(arguments[1]));
  readRequest(arguments[2]);
  connectionCount = atoi(arguments[3]);
  int64_t durationNs = atoll(arguments[4]) * 1000000, rampNs = atoll(arguments[5]) * 1000000;
  double rate = atof(arguments[6]);
  if (rate > 0) periodNs = (int64_t)(1e9 * connectionCount / rate), rampNs = periodNs;

  epollFd = epoll_create1(0);
  timerFd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event ticking = {.events = EPOLLIN, .data.ptr = &timerFd};
  epoll_ctl(epollFd, EPOLL_CTL_ADD, timerFd, &ticking);
  connections = calloc((size_t)connectionCount, sizeof *connections);
  int64_t startedAt = nowNs();
  endAt = startedAt + durationNs;
  for (int i = 0; i < connectionCount; i++) {
    connections[i].socket = -1;
    connections[i].due = startedAt + rampNs / connectionCount * i;
  }
  startDue();
  int64_t giveUpAt = endAt + rampNs + PATIENCE_NS, lookedAt = startedAt;
  for (struct epoll_event happened[256]; finishedCount < connectionCount && nowNs() < giveUpAt;) {
    int number = epoll_wait(epollFd, happened, 256, 100);
    /* Failed connections are due again without a timer. */
    bool isTime = nowNs() > lookedAt + 100000000;
    for (int i = 0; i < number; i++) {
      uint64_t expirations;
      if (happened[i].data.ptr == &timerFd) isTime = read(timerFd, &expirations, sizeof expirations) > 0;
      else serve(happened[i].data.ptr, happened[i].events);
    }
    if (isTime) startDue(), lookedAt = nowNs();
  }
  for (int i = 0; i < connectionCount; i++)
    if (connections[i].state != FINISHED) fail(&connections[i], "no end");
  print((double)(nowNs() - startedAt) / 1e6);
}
