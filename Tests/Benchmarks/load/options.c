#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

static const char usage[] =
    "usage: load http|plain|stream|redis --tcp HOST:PORT|--unix PATH --event FILE\n"
    "            [--path P] [--key K] [--header 'Name: value'] [--connections N] [--events N] [--depth N]\n"
    "            [--seconds S] [--warmup S] [--rate MESSAGES_A_SECOND] [--ids]\n";

void fail(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(code);
}

static double number(const char *text, const char *name, double low, double high) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= low && value <= high))
        fail(64, "--%s %s is no number from %g to %g", name, text, low, high);
    return value;
}

static enum mode mode_named(const char *name) {
    static const char *const names[] = {"http", "plain", "stream", "redis"};
    for (unsigned mode = 0; mode < 4; mode++)
        if (!strcmp(name, names[mode])) return (enum mode)mode;
    fail(64, "%s is no mode\n%s", name, usage);
}

static const char *with_header(const char *headers, const char *line) {
    char *joined;
    if (asprintf(&joined, "%s%s\r\n", headers, line) < 0) fail(70, "no memory");
    return joined;
}

static void read_option(struct options *options, const char *name, const char *value) {
    if (!strcmp(name, "tcp")) options->tcp = value;
    else if (!strcmp(name, "unix")) options->unix_path = value;
    else if (!strcmp(name, "event")) options->event_file = value;
    else if (!strcmp(name, "path")) options->path = value;
    else if (!strcmp(name, "key")) options->key = value;
    else if (!strcmp(name, "header")) options->headers = with_header(options->headers, value);
    else if (!strcmp(name, "connections")) options->connections = (unsigned)number(value, name, 1, 60000);
    else if (!strcmp(name, "events")) options->events = (unsigned)number(value, name, 1, 1000);
    else if (!strcmp(name, "depth")) options->depth = (unsigned)number(value, name, 1, 100000);
    else if (!strcmp(name, "seconds")) options->seconds = number(value, name, 0.01, 3600);
    else if (!strcmp(name, "warmup")) options->warmup = number(value, name, 0, 60);
    else if (!strcmp(name, "rate")) options->rate = number(value, name, 1, 1e8);
    else options->ids = true;
}

struct options read_options(int count, char **arguments) {
    static const struct option known[] = {
        {"tcp", required_argument, 0, 0},         {"unix", required_argument, 0, 0},
        {"event", required_argument, 0, 0},       {"path", required_argument, 0, 0},
        {"key", required_argument, 0, 0},         {"header", required_argument, 0, 0},
        {"connections", required_argument, 0, 0}, {"events", required_argument, 0, 0},
        {"depth", required_argument, 0, 0},       {"seconds", required_argument, 0, 0},
        {"warmup", required_argument, 0, 0},      {"rate", required_argument, 0, 0},
        {"ids", no_argument, 0, 0},               {0, 0, 0, 0}};
    struct options options = {.headers = "", .seconds = 5, .warmup = 0.5};
    int index, found;
    while ((found = getopt_long(count, arguments, "", known, &index)) == 0)
        read_option(&options, known[index].name, optarg);
    if (found != -1 || optind + 1 != count) fail(64, "wrong arguments\n%s", usage);
    options.mode = mode_named(arguments[optind]);
    bool stream = options.mode == MODE_STREAM;
    if (!options.connections) options.connections = stream ? 4 : 64;
    if (!options.events) options.events = stream ? 100 : 1;
    if (!options.depth) options.depth = stream ? 64 : 1;
    if (!options.path) options.path = options.events == 1 ? "/api/v1/track" : "/api/v1/track/batch";
    if (!options.tcp == !options.unix_path) fail(64, "give one of --tcp and --unix\n%s", usage);
    if (!options.event_file) fail(64, "give --event FILE\n%s", usage);
    if (options.mode == MODE_REDIS && options.events != 1) fail(64, "an XADD holds one event");
    if (!options.key && (options.mode == MODE_HTTP || stream)) fail(64, "give --key KEY");
    return options;
}
