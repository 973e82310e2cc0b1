#include <stdlib.h>
#include <string.h>

#include "load.h"

const char *const verdict_names[VERDICT_NAMES] = {"accepted", "duplicate", "bot", "invalid", "limited", "unavailable"};

void note_error(struct run *run, const char *bytes, size_t size) {
    if (!run->first_error) run->first_error = strndup(bytes, size < 600 ? size : 600);
}

// The value of a header of the head, which ends before its empty line; NULL where it has none.
static const char *header(const char *head, size_t size, const char *name) {
    size_t name_size = strlen(name);
    const char *end = head + size, *line = head;
    while ((line = memchr(line, '\n', (size_t)(end - line)))) {
        line++;
        if ((size_t)(end - line) > name_size && line[name_size] == ':' && !strncasecmp(line, name, name_size))
            return line + name_size + 1;
    }
    return NULL;
}

// Adds the verdict's numbers; true where it accepts all events of a message and names no other.
static bool read_verdict(struct run *run, const char *value, const char *end) {
    bool good = false;
    for (unsigned index = 0; index < VERDICT_NAMES; index++) {
        size_t size = strlen(verdict_names[index]);
        const char *found = memmem(value, (size_t)(end - value), verdict_names[index], size);
        if (!found || found[size] != '=') return false;
        uint64_t count = strtoull(found + size + 1, NULL, 10);
        run->verdict[index] += count;
        if (index == 0) good = count == run->options.events;
        else good = good && count == 0;
    }
    return good;
}

// One HTTP answer: its size, 0 where it has not come whole, -1 where it is none.
static ptrdiff_t read_http(struct run *run, const char *bytes, size_t size) {
    if (size >= run->known_size && run->known_size && !memcmp(bytes, run->known, run->known_size)) {
        if (run->options.mode == MODE_HTTP) run->verdict[0] += run->options.events;
        return (ptrdiff_t)run->known_size;
    }
    const char *head_end = memmem(bytes, size, "\r\n\r\n", 4);
    if (!head_end) return 0;
    if (size < 16 || memcmp(bytes, "HTTP/1.1 ", 9)) return -1;
    unsigned status = (unsigned)strtoul(bytes + 9, NULL, 10);
    size_t head = (size_t)(head_end - bytes) + 2, body = 0;
    const char *length = header(bytes, head, "Content-Length"), *verdict = header(bytes, head, "Millrace-Verdict");
    if (length) body = strtoull(length, NULL, 10);
    else if (status != 204) return -1; // an answer whose end is not said
    size_t whole = head + 2 + body;
    if (size < whole) return 0;
    bool good = status >= 200 && status < 300;
    if (run->options.mode == MODE_PLAIN) good = status == 204;
    else if (!verdict || !read_verdict(run, verdict, memchr(verdict, '\r', head))) good = false;
    if (!good) {
        run->errors[status < 1000 ? status : 0] += 1;
        note_error(run, bytes, whole);
    } else if (whole <= sizeof run->known) {
        memcpy(run->known, bytes, whole);
        run->known_size = whole;
    }
    return (ptrdiff_t)whole;
}

// One reply of Redis: the new entry's id as a bulk string. Anything else is an error.
static ptrdiff_t read_redis(struct run *run, const char *bytes, size_t size) {
    const char *line_end = memchr(bytes, '\n', size);
    if (!line_end) return 0;
    size_t line = (size_t)(line_end - bytes) + 1;
    if (*bytes != '$' || bytes[1] == '-') {
        run->refused += 1;
        note_error(run, bytes, line);
        return *bytes == '-' || *bytes == '$' ? (ptrdiff_t)line : -1;
    }
    size_t whole = line + strtoull(bytes + 1, NULL, 10) + 2;
    return size < whole ? 0 : (ptrdiff_t)whole;
}

// One line of the stream socket: how many lines are durable, or one that is refused.
static ptrdiff_t read_stream(struct run *run, struct connection *connection, const char *bytes, size_t size,
                             uint64_t now) {
    static const char acked[] = "{\"acked\":";
    const char *line_end = memchr(bytes, '\n', size);
    if (!line_end) return 0;
    size_t line = (size_t)(line_end - bytes) + 1;
    if (line <= sizeof acked || memcmp(bytes, acked, sizeof acked - 1)) {
        run->refused += 1;
        note_error(run, bytes, line);
        return (ptrdiff_t)line;
    }
    uint64_t messages = strtoull(bytes + sizeof acked - 1, NULL, 10) / run->options.events;
    if (messages > connection->answered + connection->outstanding) return -1;
    while (connection->answered < messages) message_answered(run, connection, now);
    return (ptrdiff_t)line;
}

ptrdiff_t read_answers(struct run *run, struct connection *connection, const char *bytes, size_t size, uint64_t now) {
    size_t used = 0;
    while (used < size) {
        ptrdiff_t answer;
        if (run->options.mode == MODE_STREAM) {
            answer = read_stream(run, connection, bytes + used, size - used, now);
        } else {
            if (!connection->outstanding) return -1; // an answer that nobody asked for
            answer = run->options.mode == MODE_REDIS ? read_redis(run, bytes + used, size - used)
                                                     : read_http(run, bytes + used, size - used);
            if (answer > 0) message_answered(run, connection, now);
        }
        if (answer < 0) return -1;
        if (answer == 0) break;
        used += (size_t)answer;
    }
    return (ptrdiff_t)used;
}
