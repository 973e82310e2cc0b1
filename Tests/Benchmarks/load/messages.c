#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

// The id that stands in a message until another is patched in: a UUIDv7 whose last 12 digits count.
enum { ID_SIZE = 36, ID_COUNTER = 24, COPIES_SIZE = 1 << 16 };

// A growing text, and where the ids in it are.
struct text {
    char *bytes;
    size_t size, capacity;
    size_t *ids;
    unsigned id_count;
};

static void append(struct text *text, const char *bytes, size_t size) {
    if (text->size + size > text->capacity) {
        text->capacity = 2 * (text->size + size);
        text->bytes = realloc(text->bytes, text->capacity);
        if (!text->bytes) fail(70, "no memory");
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

static void append_string(struct text *text, const char *string) { append(text, string, strlen(string)); }

static void append_event(struct text *text, const struct options *options, const char *event) {
    if (!options->ids) {
        append_string(text, event);
        return;
    }
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    unsigned long long ms = (unsigned long long)time.tv_sec * 1000 + (unsigned long long)time.tv_nsec / 1000000;
    char id[ID_SIZE + 1];
    snprintf(id, sizeof id, "%08llx-%04llx-7%03x-8000-000000000000", ms >> 16 & 0xffffffff, ms & 0xffff,
             (unsigned)getpid() & 0xfff);
    append_string(text, "{\"id\": \"");
    text->ids[text->id_count++] = text->size;
    append_string(text, id);
    append_string(text, "\", ");
    append_string(text, event + 1);
}

static char *read_event(const char *path) {
    FILE *file = fopen(path, "r");
    static char bytes[1 << 16];
    size_t size = file ? fread(bytes, 1, sizeof bytes - 1, file) : 0;
    while (size && bytes[size - 1] <= ' ') size--;
    bytes[size] = 0;
    if (!size || *bytes != '{' || memchr(bytes, '\n', size))
        fail(64, "%s does not hold one event, a JSON object in one line", path);
    fclose(file);
    return bytes;
}

static void append_body(struct text *text, const struct options *options, const char *event) {
    if (options->events > 1) append_string(text, "{\"events\": [");
    for (unsigned index = 0; index < options->events; index++) {
        if (index) append_string(text, ", ");
        append_event(text, options, event);
    }
    if (options->events > 1) append_string(text, "]}");
}

static void append_request(struct text *text, const struct options *options, const char *event) {
    struct text body = {.ids = text->ids};
    append_body(&body, options, event);
    char head[4096];
    int size = snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                        "%s%s%s%sContent-Length: %zu\r\n\r\n", options->path, options->tcp ? options->tcp : "localhost",
                        options->key ? "X-API-Key: " : "", options->key ? options->key : "", options->key ? "\r\n" : "",
                        options->headers, body.size);
    if (size < 0 || (size_t)size >= sizeof head) fail(64, "the headers are too long");
    for (unsigned index = 0; index < body.id_count; index++) body.ids[index] += (size_t)size;
    append(text, head, (size_t)size);
    append(text, body.bytes, body.size);
    free(body.bytes);
}

static void append_lines(struct text *text, const struct options *options, const char *event) {
    for (unsigned index = 0; index < options->events; index++) {
        append_event(text, options, event);
        append_string(text, "\n");
    }
}

static void append_xadd(struct text *text, const struct options *options, const char *event) {
    struct text whole = {.ids = text->ids};
    append_event(&whole, options, event);
    char head[128];
    snprintf(head, sizeof head, "*5\r\n$4\r\nXADD\r\n$6\r\nevents\r\n$1\r\n*\r\n$5\r\nevent\r\n$%zu\r\n", whole.size);
    append_string(text, head);
    if (options->ids) text->ids[0] += text->size;
    append(text, whole.bytes, whole.size);
    append_string(text, "\r\n");
    free(whole.bytes);
}

struct messages make_messages(const struct options *options) {
    const char *event = read_event(options->event_file);
    struct text text = {.ids = calloc(options->events, sizeof(size_t))};
    if (options->mode == MODE_STREAM) append_lines(&text, options, event);
    else if (options->mode == MODE_REDIS) append_xadd(&text, options, event);
    else append_request(&text, options, event);
    struct messages messages = {.size = text.size, .copies = 1, .id_offsets = text.ids};
    while (messages.copies < options->depth && (messages.copies + 1) * text.size <= COPIES_SIZE) messages.copies++;
    messages.bytes = malloc(messages.copies * text.size);
    if (!messages.bytes) fail(70, "no memory");
    for (unsigned copy = 0; copy < messages.copies; copy++)
        memcpy(messages.bytes + copy * text.size, text.bytes, text.size);
    free(text.bytes);
    return messages;
}

void give_ids(struct run *run, char *bytes, unsigned count) {
    static const char digits[] = "0123456789abcdef";
    for (unsigned copy = 0; copy < count; copy++)
        for (unsigned event = 0; event < run->options.events; event++) {
            char *end = bytes + copy * run->messages.size + run->messages.id_offsets[event] + ID_SIZE;
            uint64_t id = ++run->next_id;
            for (unsigned digit = 0; digit < ID_SIZE - ID_COUNTER; digit++, id >>= 4) *--end = digits[id & 15];
        }
}
