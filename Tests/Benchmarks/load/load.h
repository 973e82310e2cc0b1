// A load generator for Millrace, nginx and Redis: one thread, one epoll, as little work as an answer allows, because it
// shares the processor with what it measures. See ../README.md for its command line.
#ifndef MILLRACE_LOAD_H
#define MILLRACE_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

// What is spoken. PLAIN is HTTP to a server that gives no verdict (nginx answering 204).
enum mode { MODE_HTTP, MODE_PLAIN, MODE_STREAM, MODE_REDIS };

// The command line. A message is a request, a block of stream lines or an XADD; it holds `events` events.
struct options {
    enum mode mode;
    const char *tcp, *unix_path; // one of the two: "host:port", or a path
    const char *path, *key, *headers, *event_file;
    unsigned connections, events, depth; // depth: messages outstanding on a connection
    double seconds, warmup, rate;        // rate: messages a second over all connections; 0 sends as answers come
    bool ids;                            // give each event an id of its own
};

// Latencies in ns, log-linear: 128 steps for each power of two, so an error below 0.8 %.
enum { HISTOGRAM_STEPS = 128, HISTOGRAM_SIZE = 58 * HISTOGRAM_STEPS };
struct histogram {
    uint64_t counts[HISTOGRAM_SIZE];
    uint64_t count, sum, max;
};

// Ready-made messages. `bytes` holds `copies` of one message; each event's id starts at one of `id_offsets`.
struct messages {
    char *bytes;
    size_t size; // of one message
    unsigned copies;
    size_t *id_offsets; // `events` of them, in one message; none without ids
};

struct connection {
    int fd;
    bool awaits_room;         // epoll tells when the socket takes more
    const char *unsent;       // the rest of what the socket did not take
    size_t unsent_size;
    char *own;                // its copy of the messages, where ids are patched; else NULL
    uint64_t *sent_ns;        // a ring of `depth` times, one for each message outstanding
    unsigned first, outstanding;
    uint64_t answered;        // messages
    char *held;               // the beginning of an answer that has not come whole
    size_t held_size;
};

// The numbers of `Millrace-Verdict`, in its order.
enum { VERDICT_NAMES = 6 };
extern const char *const verdict_names[VERDICT_NAMES];

struct totals {
    uint64_t messages, bytes_sent, bytes_received;
};

enum phase { WARMING, MEASURING, DRAINING };

struct run {
    struct options options;
    struct messages messages;
    struct connection *connections;
    int epoll;
    enum phase phase;
    char *input;                        // what recv fills, for all connections
    uint64_t start_ns, measured_ns;     // measured_ns: length of the measured part
    uint64_t scheduled, next_id;        // messages sent by the schedule; the last id given
    unsigned outstanding, turn;         // turn: the connection that the schedule looks at next
    struct totals totals, before;       // before: at the measured start, then the measured difference
    struct rusage usage_before, usage;  // at the start and the end of the measured part
    struct histogram histogram;
    uint64_t verdict[VERDICT_NAMES];
    uint64_t errors[1000], refused, lost, unanswered, unsent; // errors by status; refused: lines or commands
    char *first_error;
    // An answer that was good: an equal one is good as well and need not be read again.
    char known[1024];
    size_t known_size;
};

enum { INPUT_SIZE = 1 << 18, HELD_LIMIT = 1 << 16 };

// options.c: prints what is wrong and ends with 64.
struct options read_options(int count, char **arguments);

// messages.c
struct messages make_messages(const struct options *options);
// Writes new ids into the first `count` messages of `bytes`.
void give_ids(struct run *run, char *bytes, unsigned count);

// answers.c: reads the whole answers in `bytes` and gives how many bytes they have, or -1 for what is no answer.
ptrdiff_t read_answers(struct run *run, struct connection *connection, const char *bytes, size_t size, uint64_t now);
// Keeps the first answer that was an error, to be printed.
void note_error(struct run *run, const char *bytes, size_t size);

// loop.c
uint64_t now_ns(void);
void connect_all(struct run *run);
void drive(struct run *run);
// The oldest message outstanding on the connection has its answer.
void message_answered(struct run *run, struct connection *connection, uint64_t now);

// histogram.c
void histogram_add(struct histogram *histogram, uint64_t value);
uint64_t histogram_quantile(const struct histogram *histogram, double share);

// report.c: prints one JSON object; false where the run was no clean one.
bool report(const struct run *run);

// Ends the program with 70 (or 64 for a wrong command line) and a sentence.
_Noreturn void fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
