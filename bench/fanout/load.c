// The load of the fan-out benchmark: one publisher and many members over loopback, in one epoll loop, in C so that the server is what is measured.
//
//   load DIALECT PORT MEMBERS PACE WARM SECONDS SERVER_PID
//
// PACE is wN, which keeps N publishes in flight (one is done when, on average, every member has it), or rN, which publishes N times a second whatever
// has arrived. After the measured time it stops publishing and waits until everything published has arrived, so that a delivery that was lost or counted
// twice shows; where the server has fallen far behind, `behind` says by how many publishes, and nobody waits. Prints one line of JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  int fd;
  bool upgraded;
  bool ready;
  bool sampled;
  uint8_t *rest;
  size_t rest_length;
} Connection;

typedef struct {
  const char *name;
  const char *path;
  const char *protocol;
  void (*upgraded)(Connection *);
  void (*text)(Connection *, const char *, size_t);
  void (*binary)(Connection *, const char *, size_t);
  void (*publish)(Connection *);
} Dialect;

static Connection *connections;
static Connection *publisher;
static uint64_t ready, received, received_bytes;
static bool measuring;

static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

// Microseconds, and always 16 digits: the same length in every message.
static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1000000000000000ull + (uint64_t)time.tv_sec * 1000000ull + (uint64_t)time.tv_nsec / 1000;
}

// Latencies: exact below 64 µs, then 32 steps to each doubling.
enum { buckets = 2048 };
static uint64_t histogram[buckets], samples;

static void record(uint64_t value) {
  int bucket = (int)value;
  if (value >= 64) {
    int exponent = 63 - __builtin_clzll(value);
    bucket = 64 + (exponent - 6) * 32 + (int)((value >> (exponent - 5)) & 31);
  }
  histogram[bucket < buckets ? bucket : buckets - 1]++;
  samples++;
}

static uint64_t percentile(double part) {
  uint64_t wanted = (uint64_t)((double)samples * part), seen = 0;
  for (int bucket = 0; bucket < buckets; bucket++) {
    seen += histogram[bucket];
    if (seen <= wanted) continue;
    if (bucket < 64) return (uint64_t)bucket;
    int exponent = (bucket - 64) / 32 + 6;
    return (1ull << exponent) + ((uint64_t)((bucket - 64) % 32) << (exponent - 5));
  }
  return 0;
}

static void write_all(int fd, const void *data, size_t length) {
  const char *at = data;
  while (length > 0) {
    ssize_t written = write(fd, at, length);
    if (written >= 0) {
      at += written;
      length -= (size_t)written;
    } else if (errno == EAGAIN) {
      struct pollfd writable = {.fd = fd, .events = POLLOUT};
      poll(&writable, 1, 1000);
    } else {
      fail("write: %s", strerror(errno));
    }
  }
}

// A masked frame whose mask is zero: allowed, and nothing to compute.
static void write_frame(Connection *connection, int opcode, const void *data, size_t length) {
  static uint8_t frame[1024];
  frame[0] = (uint8_t)(0x80 | opcode);
  size_t header = 2;
  if (length + 8 > sizeof frame) fail("a frame of %zu bytes", length);
  if (length < 126) {
    frame[1] = (uint8_t)(0x80 | length);
  } else {
    frame[1] = 0x80 | 126;
    frame[2] = (uint8_t)(length >> 8);
    frame[3] = (uint8_t)length;
    header = 4;
  }
  memset(frame + header, 0, 4);
  memcpy(frame + header + 4, data, length);
  write_all(connection->fd, frame, header + 4 + length);
}

static void write_text(Connection *connection, const char *format, ...) {
  char text[900];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= sizeof text) fail("a text that is too long");
  write_frame(connection, 1, text, (size_t)length);
}

static void is_ready(Connection *connection) {
  if (connection->ready) return;
  connection->ready = true;
  ready++;
}

// Whether the time of a delivery is wanted too.
static bool counted(Connection *connection) {
  if (connection == publisher) return false;
  received++;
  return measuring && connection->sampled;
}

static void arrived_since(uint64_t sent) {
  uint64_t arrived = now();
  record(arrived > sent ? arrived - sent : 0);
}

static void delivered(Connection *connection, const char *text, size_t length) {
  if (!counted(connection)) return;
  const char *at = memmem(text, length, "\"ts\":", 5);
  if (!at || (size_t)(text + length - at) < 21) fail("a delivery without its time: %.*s", (int)length, text);
  uint64_t sent = 0;
  for (int digit = 5; digit < 21; digit++) sent = sent * 10 + (uint64_t)(at[digit] - '0');
  arrived_since(sent);
}

static unsigned published;
#define POINT 100 + published % 900, 100 + published % 800

// A plain WebSocket server that sends every message on to the others.
#define ENVELOPE "{\"v\":1,\"t\":\"move\",\"id\":\"m%015u\",\"room\":\"bench/1\",\"ts\":%llu,\"data\":{\"x\":%u.25,\"y\":%u.5}}"
static void plain_publish(Connection *connection) { write_text(connection, ENVELOPE, published, (unsigned long long)now(), POINT); }

// socket.io over WebSocket alone.
static void socketio_publish(Connection *connection) { write_text(connection, "42[\"m\"," ENVELOPE "]", published, (unsigned long long)now(), POINT); }
static void nothing(Connection *connection) { (void)connection; }
static void socketio_text(Connection *connection, const char *text, size_t length) {
  if (length >= 2 && text[0] == '4' && text[1] == '2') delivered(connection, text, length);
  else if (length >= 2 && text[0] == '4' && text[1] == '0') is_ready(connection);
  else if (text[0] == '0') write_text(connection, "40");
  else if (text[0] == '2') write_text(connection, "3");
  else fail("socket.io said: %.*s", (int)length, text);
}

// socket.io with its MessagePack parser: {type, nsp, data: ["m", envelope]}, the times as 64-bit integers, the points as doubles.
static uint8_t *pack_text(uint8_t *at, const char *text) {
  size_t length = strlen(text);
  *at = (uint8_t)(0xa0 | length);
  memcpy(at + 1, text, length);
  return at + 1 + length;
}
static uint8_t *pack_8_bytes(uint8_t *at, uint8_t type, uint64_t bits) {
  *at++ = type;
  for (int shift = 56; shift >= 0; shift -= 8) *at++ = (uint8_t)(bits >> shift);
  return at;
}
static uint8_t *pack_double(uint8_t *at, double value) {
  uint64_t bits;
  memcpy(&bits, &value, 8);
  return pack_8_bytes(at, 0xcb, bits);
}
static void socketio_msgpack_publish(Connection *connection) {
  static const uint8_t packet[] = "\x83\xa4type\x02\xa3nsp\xa1/\xa4" "data\x92\xa1m\x86\xa1v\x01\xa1t\xa4move\xa2id";
  uint8_t frame[256], *at = frame;
  char id[17];
  memcpy(at, packet, sizeof packet - 1);
  at += sizeof packet - 1;
  snprintf(id, sizeof id, "m%015u", published);
  at = pack_text(at, id);
  at = pack_text(at, "room");
  at = pack_text(at, "bench/1");
  at = pack_text(at, "ts");
  at = pack_8_bytes(at, 0xcf, now());
  at = pack_text(at, "data");
  *at++ = 0x82;
  at = pack_text(at, "x");
  at = pack_double(at, 100.25 + published % 900);
  at = pack_text(at, "y");
  at = pack_double(at, 100.5 + published % 800);
  write_frame(connection, 2, frame, (size_t)(at - frame));
}
static void socketio_msgpack_text(Connection *connection, const char *text, size_t length) {
  static const char connect[] = "\x82\xa4type\x00\xa3nsp\xa1/";
  if (text[0] == '0') write_frame(connection, 2, connect, sizeof connect - 1);
  else if (text[0] == '2') write_text(connection, "3");
  else fail("socket.io said: %.*s", (int)length, text);
}
static void socketio_msgpack_binary(Connection *connection, const char *data, size_t length) {
  if (!connection->ready) return is_ready(connection);
  if (!counted(connection)) return;
  const uint8_t *at = memmem(data, length, "ts\xcf", 3);
  if (!at || (size_t)((const uint8_t *)data + length - at) < 11) fail("a delivery without its time");
  uint64_t sent = 0;
  for (int byte = 3; byte < 11; byte++) sent = sent << 8 | at[byte];
  arrived_since(sent);
}

// nats-server over WebSocket: lines of its protocol, several of them to a frame.
static void nats_publish(Connection *connection) {
  char text[256], line[300];
  int length = snprintf(text, sizeof text, ENVELOPE, published, (unsigned long long)now(), POINT);
  int all = snprintf(line, sizeof line, "PUB bench.1 %d\r\n%s\r\n", length, text);
  write_frame(connection, 2, line, (size_t)all);
}
static void nats_say(Connection *connection, const char *text) { write_frame(connection, 2, text, strlen(text)); }
static void nats_binary(Connection *connection, const char *text, size_t length) {
  const char *end = text + length;
  while (text < end) {
    const char *line_end = memmem(text, (size_t)(end - text), "\r\n", 2);
    if (!line_end) fail("nats-server said half a line: %.*s", (int)(end - text), text);
    const char *next = line_end + 2;
    if (!memcmp(text, "MSG ", 4)) {
      const char *size = line_end;
      while (size > text && size[-1] != ' ') size--;
      size_t payload = (size_t)atoi(size);
      if ((size_t)(end - next) < payload + 2) fail("half a message of nats-server");
      delivered(connection, next, payload);
      next += payload + 2;
    } else if (!memcmp(text, "INFO", 4)) {
      nats_say(connection, "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\nSUB bench.1 1\r\nPING\r\n");
    } else if (!memcmp(text, "PING", 4)) {
      nats_say(connection, "PONG\r\n");
    } else if (!memcmp(text, "PONG", 4)) {
      is_ready(connection);
    } else {
      fail("nats-server said: %.*s", (int)(line_end - text), text);
    }
    text = next;
  }
}

// Roomful: PROTOCOL.md. Frames of one message are lines, and each is counted.
static void roomful_upgraded(Connection *connection) {
  uint8_t random[16];
  char key[33];
  if (getrandom(random, sizeof random, 0) != sizeof random) fail("no random bytes");
  for (int at = 0; at < 16; at++) sprintf(key + 2 * at, "%02x", random[at]);
  write_text(connection, "[1,\"%s\",\"bench\",null,false,\"bench\"]\n[2,\"bench/1\",null,0,null]", key);
}
static void roomful_frame(Connection *connection, const char *frame, size_t length) {
  int opcode = length > 2 && frame[0] == '[' ? atoi(frame + 1) : -1;
  switch (opcode) {
    case 25: // message
    case 26: // broadcast
      delivered(connection, frame, length);
      return;
    case 21: // joined
      is_ready(connection);
      return;
    case 9: // ping: the same text but for the opcode
      write_text(connection, "[10%.*s", (int)length - 2, frame + 2);
      return;
    case 10: // pong
    case 20: // welcome
    case 23: // ack
    case 27: // presence
      return;
    default:
      fail("roomful said: %.*s", (int)length, frame);
  }
}
static void roomful_text(Connection *connection, const char *text, size_t length) {
  const char *end = text + length;
  while (text < end) {
    const char *line_end = memchr(text, '\n', (size_t)(end - text));
    if (!line_end) line_end = end;
    roomful_frame(connection, text, (size_t)(line_end - text));
    text = line_end + 1;
  }
}
static void roomful_broadcast(Connection *connection) {
  write_text(connection, "[5,\"bench/1\",\"move\",1,{\"id\":\"m%015u\",\"ts\":%llu,\"x\":%u.25,\"y\":%u.5}]", published, (unsigned long long)now(), POINT);
}
static void roomful_send(Connection *connection) {
  write_text(connection, "[4,\"bench/1\",%u,\"m%015u\",\"move\",1,{\"ts\":%llu,\"x\":%u.25,\"y\":%u.5},null]", published + 1, published, (unsigned long long)now(), POINT);
}

static const Dialect dialects[] = {
  {"plain", "/", NULL, is_ready, delivered, NULL, plain_publish},
  {"socket.io", "/socket.io/?EIO=4&transport=websocket", NULL, nothing, socketio_text, NULL, socketio_publish},
  {"socket.io-msgpack", "/socket.io/?EIO=4&transport=websocket", NULL, nothing, socketio_msgpack_text, socketio_msgpack_binary, socketio_msgpack_publish},
  {"nats", "/", NULL, nothing, NULL, nats_binary, nats_publish},
  {"roomful", "/realtime", "roomful.v1.json", roomful_upgraded, roomful_text, NULL, roomful_broadcast},
  {"roomful-durable", "/realtime", "roomful.v1.json", roomful_upgraded, roomful_text, NULL, roomful_send},
};
static const Dialect *dialect;

static void on_frame(Connection *connection, int opcode, const uint8_t *data, size_t length) {
  if (opcode == 1 && dialect->text) dialect->text(connection, (const char *)data, length);
  else if (opcode == 2 && dialect->binary) dialect->binary(connection, (const char *)data, length);
  else if (opcode == 9) write_frame(connection, 10, data, length);
  else if (opcode == 8) fail("the server closed a connection: %d %.*s", length >= 2 ? data[0] << 8 | data[1] : 1005, length >= 2 ? (int)length - 2 : 0, data + 2);
  else fail("a frame with opcode %d", opcode);
}

// How many bytes were whole.
static size_t parse(Connection *connection, const uint8_t *data, size_t length) {
  size_t at = 0;
  if (!connection->upgraded) {
    const uint8_t *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (length < 12 || memcmp(data + 9, "101", 3)) fail("the upgrade was refused: %.40s", data);
    at = (size_t)(end - data) + 4;
    connection->upgraded = true;
    dialect->upgraded(connection);
  }
  while (length - at >= 2) {
    const uint8_t *frame = data + at;
    size_t header = 2, body = frame[1] & 127;
    if (body == 126) {
      if (length - at < 4) break;
      body = (size_t)frame[2] << 8 | frame[3];
      header = 4;
    } else if (body == 127) {
      if (length - at < 10) break;
      body = 0;
      for (int byte = 2; byte < 10; byte++) body = body << 8 | frame[byte];
      header = 10;
      if (body > 512 * 1024) fail("a message of %zu bytes", body);
    }
    if (length - at < header + body) break;
    if (!(frame[0] & 0x80)) fail("a message in fragments");
    on_frame(connection, frame[0] & 15, frame + header, body);
    at += header + body;
  }
  return at;
}

static void on_readable(Connection *connection) {
  static uint8_t buffer[1 << 20];
  size_t rest = connection->rest_length;
  if (rest > 0) memcpy(buffer, connection->rest, rest);
  ssize_t count = read(connection->fd, buffer + rest, sizeof buffer - rest - 1);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) fail("read: %s", strerror(errno));
  if (count == 0) fail("the server ended a connection");
  received_bytes += (uint64_t)count;
  size_t length = rest + (size_t)count;
  buffer[length] = 0;
  size_t whole = parse(connection, buffer, length);
  connection->rest_length = length - whole;
  if (connection->rest_length > 0) {
    connection->rest = realloc(connection->rest, connection->rest_length);
    if (!connection->rest) fail("no memory");
    memcpy(connection->rest, buffer + whole, connection->rest_length);
  }
}

static int epoll;
static void turn(int timeout) {
  static struct epoll_event events[1024];
  int count = epoll_wait(epoll, events, 1024, timeout);
  for (int at = 0; at < count; at++) on_readable(events[at].data.ptr);
}

static void open_connection(Connection *connection, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int one = 1;
  connection->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connection->fd < 0) fail("socket: %s", strerror(errno));
  if (connect(connection->fd, (struct sockaddr *)&address, sizeof address)) fail("connect: %s", strerror(errno));
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char request[512];
  int length = snprintf(request, sizeof request,
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
    dialect->path, port, dialect->protocol ? "Sec-WebSocket-Protocol: " : "", dialect->protocol ? dialect->protocol : "", dialect->protocol ? "\r\n" : "");
  write_all(connection->fd, request, (size_t)length);
  fcntl(connection->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event)) fail("epoll: %s", strerror(errno));
}

// User and system time of a process so far, in seconds.
static void cpu_time(int pid, double *user, double *kernel) {
  char path[64], text[2048];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  if (!file) fail("the server is gone");
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  const char *after_name = strrchr(text, ')');
  long user_ticks = 0, kernel_ticks = 0;
  if (!after_name || sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user_ticks, &kernel_ticks) != 2) fail("no CPU times");
  double ticks = (double)sysconf(_SC_CLK_TCK);
  *user = (double)user_ticks / ticks;
  *kernel = (double)kernel_ticks / ticks;
}

// What this program took itself, in microseconds: where it comes near to all the time, it is the limit and not the server.
static uint64_t own_time(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000ull + (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void allow_files(size_t wanted) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < wanted) fail("%zu open files are needed and %llu allowed: raise the limit (ulimit -Hn)", wanted, (unsigned long long)limit.rlim_max);
}

int main(int count, char **arguments) {
  if (count != 8) fail("usage: load DIALECT PORT MEMBERS PACE WARM SECONDS SERVER_PID");
  for (size_t at = 0; at < sizeof dialects / sizeof *dialects; at++) if (!strcmp(dialects[at].name, arguments[1])) dialect = &dialects[at];
  if (!dialect) fail("no dialect %s", arguments[1]);
  int port = atoi(arguments[2]), server = atoi(arguments[7]);
  bool paced = arguments[4][0] == 'r';
  uint64_t members = strtoull(arguments[3], NULL, 10), pace = strtoull(arguments[4] + 1, NULL, 10), total = members + 1;
  double warm = atof(arguments[5]), seconds = atof(arguments[6]);
  if (members < 1 || members > 20000 || pace < 1 || (!paced && arguments[4][0] != 'w') || warm < 0 || seconds <= 0 || seconds > 60) fail("arguments out of bounds");
  signal(SIGPIPE, SIG_IGN);
  alarm((unsigned)(warm + seconds) + 40);
  allow_files(total + 64);

  epoll = epoll_create1(0);
  connections = calloc(total, sizeof *connections);
  if (!connections) fail("no memory");
  publisher = &connections[0];
  uint64_t give_up = now() + 20000000;
  for (uint64_t at = 0; at < total; at++) {
    connections[at].sampled = at % 8 == 1;
    open_connection(&connections[at], port);
    // A few dozen at a time, so that no backlog overflows.
    while (ready + (at == total - 1 ? 0 : 63) < at + 1) {
      if (now() > give_up) fail("only %llu of %llu connections were ready in time", (unsigned long long)ready, (unsigned long long)total);
      turn(100);
    }
  }
  for (uint64_t settled = now() + 300000; now() < settled;) turn(20);

  uint64_t start = now() + (uint64_t)(warm * 1e6), end = start + (uint64_t)(seconds * 1e6);
  uint64_t measured_from = 0, received_before = 0, bytes_before = 0, published_before = 0, own_before = 0;
  double user_before = 0, kernel_before = 0, user, kernel, due = (double)now();
  for (;;) {
    uint64_t time = now();
    if (!measuring && time >= start) {
      measuring = true;
      measured_from = time;
      received_before = received;
      bytes_before = received_bytes;
      published_before = published;
      own_before = own_time();
      cpu_time(server, &user_before, &kernel_before);
    }
    if (time >= end) break;
    while (paced ? due <= (double)time : published * members < received + pace * members) {
      dialect->publish(publisher);
      published++;
      due += 1e6 / (double)pace;
    }
    turn(!paced ? 100 : due - (double)now() < 1000 ? 0 : 1);
  }
  double elapsed = (double)(now() - measured_from) / 1e6;
  uint64_t deliveries = received - received_before, bytes = received_bytes - bytes_before, publishes = published - published_before;
  uint64_t own = own_time() - own_before;
  cpu_time(server, &user, &kernel);
  measuring = false;
  double behind = (double)(published * members - received) / (double)members;
  bool wait = !paced || behind < (double)pace / 4;
  for (uint64_t by = now() + 10000000; wait && received < published * members && now() < by;) turn(20);
  for (uint64_t settled = now() + 50000; wait && now() < settled;) turn(20);
  if (wait && received != published * members) fail("%llu deliveries of %u publishes to %llu members", (unsigned long long)received, published, (unsigned long long)members);

  printf("{\"publishesPerSecond\":%.1f,\"deliveriesPerSecond\":%.0f,\"deliveries\":%llu,\"cpuSeconds\":%.2f,\"userSeconds\":%.2f,\"elapsed\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"bytesPerDelivery\":%.1f,\"behind\":%.1f,\"loadCpu\":%.3f}\n",
    (double)publishes / elapsed, (double)deliveries / elapsed, (unsigned long long)deliveries, user - user_before + kernel - kernel_before, user - user_before, elapsed,
    (double)percentile(0.5) / 1000, (double)percentile(0.99) / 1000, deliveries ? (double)bytes / (double)deliveries : 0, behind, (double)own / 1e6 / elapsed);
  return 0;
}
