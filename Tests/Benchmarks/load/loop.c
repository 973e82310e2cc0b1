#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

// How long answers to what was sent are awaited at the end, and the longest sleep.
static const uint64_t drain_ns = 10000000000, longest_sleep_ns = 50000000;

uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int connect_tcp(const char *address) {
    char host[256];
    const char *colon = strrchr(address, ':');
    if (!colon || (size_t)(colon - address) >= sizeof host) fail(64, "%s is no HOST:PORT", address);
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, colon + 1, &wanted, &found)) fail(64, "%s is no address", address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen)) fail(70, "%s: %s", address, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    freeaddrinfo(found);
    return fd;
}

static int connect_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) fail(64, "%s is too long a path", path);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) fail(70, "%s: %s", path, strerror(errno));
    return fd;
}

void connect_all(struct run *run) {
    const struct options *options = &run->options;
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->input = malloc(INPUT_SIZE);
    run->connections = calloc(options->connections, sizeof *run->connections);
    if (run->epoll < 0 || !run->input || !run->connections) fail(70, "no memory");
    for (unsigned index = 0; index < options->connections; index++) {
        struct connection *connection = &run->connections[index];
        connection->fd = options->tcp ? connect_tcp(options->tcp) : connect_unix(options->unix_path);
        if (options->mode == MODE_STREAM && dprintf(connection->fd, "{\"key\": \"%s\"}\n", options->key) < 0)
            fail(70, "the key's line: %s", strerror(errno));
        fcntl(connection->fd, F_SETFL, O_NONBLOCK);
        connection->sent_ns = calloc(options->depth, sizeof(uint64_t));
        if (options->ids) {
            size_t size = run->messages.size * run->messages.copies;
            connection->own = malloc(size);
            if (connection->own) memcpy(connection->own, run->messages.bytes, size);
        }
        if (!connection->sent_ns || (options->ids && !connection->own)) fail(70, "no memory");
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, connection->fd, &event)) fail(70, "epoll: %s", strerror(errno));
    }
}

static void lose(struct run *run, struct connection *connection, const char *why) {
    run->lost += 1;
    note_error(run, why, strlen(why));
    run->outstanding -= connection->outstanding;
    run->unanswered += connection->outstanding;
    connection->outstanding = 0;
    connection->unsent_size = 0;
    epoll_ctl(run->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    close(connection->fd);
    connection->fd = -1;
}

static void await_room(struct run *run, struct connection *connection, bool wanted) {
    if (connection->awaits_room == wanted) return;
    connection->awaits_room = wanted;
    struct epoll_event event = {.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = connection};
    epoll_ctl(run->epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static void send_unsent(struct run *run, struct connection *connection) {
    ssize_t sent = send(connection->fd, connection->unsent, connection->unsent_size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        lose(run, connection, strerror(errno));
        return;
    }
    if (sent > 0) {
        connection->unsent += sent;
        connection->unsent_size -= (size_t)sent;
        run->totals.bytes_sent += (uint64_t)sent;
    }
    await_room(run, connection, connection->unsent_size > 0);
}

// Sends `count` messages whose latency is measured from `time`.
static void post(struct run *run, struct connection *connection, unsigned count, uint64_t time) {
    unsigned depth = run->options.depth, slot = connection->first + connection->outstanding;
    for (unsigned index = 0; index < count; index++) connection->sent_ns[(slot + index) % depth] = time;
    if (connection->own) give_ids(run, connection->own, count);
    connection->unsent = connection->own ? connection->own : run->messages.bytes;
    connection->unsent_size = count * run->messages.size;
    connection->outstanding += count;
    run->outstanding += count;
    send_unsent(run, connection);
}

static bool has_room(const struct run *run, const struct connection *connection) {
    return connection->fd >= 0 && !connection->unsent_size && connection->outstanding < run->options.depth;
}

// Without a rate: as many messages as the depth allows.
static void fill(struct run *run, struct connection *connection, uint64_t now) {
    if (run->options.rate > 0 || run->phase == DRAINING) return;
    while (has_room(run, connection)) {
        unsigned room = run->options.depth - connection->outstanding;
        post(run, connection, room < run->messages.copies ? room : run->messages.copies, now);
        if (has_room(run, connection)) now = now_ns();
    }
}

// With a rate: the messages that are due; gives the time of the next one.
static uint64_t send_due(struct run *run, uint64_t now) {
    const struct options *options = &run->options;
    for (;;) {
        uint64_t due = run->start_ns + (uint64_t)((double)run->scheduled / options->rate * 1e9);
        if (due > now) return due;
        unsigned looked = 0;
        while (looked < options->connections && !has_room(run, &run->connections[run->turn])) {
            run->turn = (run->turn + 1) % options->connections;
            looked++;
        }
        if (looked == options->connections) return UINT64_MAX; // an answer makes room
        post(run, &run->connections[run->turn], 1, due);
        run->scheduled += 1;
        run->turn = (run->turn + 1) % options->connections;
    }
}

void message_answered(struct run *run, struct connection *connection, uint64_t now) {
    uint64_t sent = connection->sent_ns[connection->first];
    if (++connection->first == run->options.depth) connection->first = 0;
    connection->outstanding -= 1;
    connection->answered += 1;
    run->outstanding -= 1;
    run->totals.messages += 1;
    if (run->phase == MEASURING) histogram_add(&run->histogram, now - sent);
}

static void receive(struct run *run, struct connection *connection) {
    size_t held = connection->held_size;
    if (held) memcpy(run->input, connection->held, held);
    ssize_t came = recv(connection->fd, run->input + held, INPUT_SIZE - held, 0);
    if (came < 0 && errno == EAGAIN) return;
    if (came <= 0) {
        lose(run, connection, came ? strerror(errno) : "the connection was closed");
        return;
    }
    uint64_t now = now_ns();
    size_t size = held + (size_t)came;
    run->totals.bytes_received += (uint64_t)came;
    ptrdiff_t used = read_answers(run, connection, run->input, size, now);
    size_t rest = used < 0 ? 0 : size - (size_t)used;
    if (used < 0 || rest > HELD_LIMIT) {
        note_error(run, run->input, size);
        lose(run, connection, "the answer cannot be read");
        return;
    }
    if (rest && !connection->held && !(connection->held = malloc(HELD_LIMIT))) fail(70, "no memory");
    if (rest) memcpy(connection->held, run->input + used, rest);
    connection->held_size = rest;
    fill(run, connection, now);
}

// Begins or ends the measured part when its time has come; gives the time of the next change.
static uint64_t keep_phase(struct run *run, uint64_t now) {
    uint64_t measure = run->start_ns + (uint64_t)(run->options.warmup * 1e9);
    uint64_t drain = measure + (uint64_t)(run->options.seconds * 1e9);
    if (run->phase == WARMING && now >= measure) {
        run->phase = MEASURING;
        run->before = run->totals;
        run->measured_ns = now;
        getrusage(RUSAGE_SELF, &run->usage_before);
    }
    if (run->phase == MEASURING && now >= drain) {
        run->phase = DRAINING;
        run->before.messages = run->totals.messages - run->before.messages;
        run->before.bytes_sent = run->totals.bytes_sent - run->before.bytes_sent;
        run->before.bytes_received = run->totals.bytes_received - run->before.bytes_received;
        run->measured_ns = now - run->measured_ns;
        getrusage(RUSAGE_SELF, &run->usage);
        if (run->options.rate > 0) {
            uint64_t due = (uint64_t)((double)(now - run->start_ns) / 1e9 * run->options.rate);
            run->unsent = due > run->scheduled ? due - run->scheduled : 0;
        }
    }
    return run->phase == WARMING ? measure : run->phase == MEASURING ? drain : drain + drain_ns;
}

void drive(struct run *run) {
    struct epoll_event events[256];
    if (run->options.rate > 0) prctl(PR_SET_TIMERSLACK, 1);
    run->start_ns = now_ns();
    for (unsigned index = 0; index < run->options.connections; index++)
        fill(run, &run->connections[index], now_ns());
    for (;;) {
        uint64_t now = now_ns(), next = keep_phase(run, now);
        if (run->phase == DRAINING && (!run->outstanding || now >= next)) break;
        if (run->lost && run->phase != DRAINING) break;
        if (run->options.rate > 0 && run->phase != DRAINING) {
            uint64_t due = send_due(run, now);
            if (due < next) next = due;
        }
        uint64_t sleep = next > now ? next - now : 0;
        if (sleep > longest_sleep_ns) sleep = longest_sleep_ns;
        struct timespec timeout = {.tv_nsec = (long)sleep};
        int count = epoll_pwait2(run->epoll, events, 256, &timeout, NULL);
        if (count < 0 && errno != EINTR) fail(70, "epoll: %s", strerror(errno));
        for (int index = 0; index < count; index++) {
            struct connection *connection = events[index].data.ptr;
            if (events[index].events & EPOLLOUT) {
                send_unsent(run, connection);
                fill(run, connection, now_ns());
            }
            if (connection->fd >= 0 && events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(run, connection);
        }
    }
    run->unanswered += run->outstanding;
}
