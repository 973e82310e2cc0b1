#include <stdio.h>

#include "load.h"

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static void print_errors(const struct run *run) {
    printf("\"errors\": {\"refused\": %lu, \"lost\": %lu, \"unanswered\": %lu", run->refused, run->lost,
           run->unanswered);
    for (unsigned status = 0; status < 1000; status++)
        if (run->errors[status]) printf(", \"%u\": %lu", status, run->errors[status]);
    printf("}, ");
}

static void print_latency(const struct histogram *histogram) {
    static const struct { const char *name; double share; } wanted[] = {
        {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
    printf("\"latency_us\": {");
    for (unsigned index = 0; index < 4; index++)
        printf("\"%s\": %.1f, ", wanted[index].name, (double)histogram_quantile(histogram, wanted[index].share) / 1e3);
    double mean = histogram->count ? (double)histogram->sum / (double)histogram->count : 0;
    printf("\"mean\": %.1f, \"max\": %.1f}, ", mean / 1e3, (double)histogram->max / 1e3);
}

static bool is_clean(const struct run *run) {
    uint64_t wrong = run->refused + run->lost + run->unanswered;
    for (unsigned status = 0; status < 1000; status++) wrong += run->errors[status];
    if (run->options.mode == MODE_HTTP && run->verdict[0] != run->totals.messages * run->options.events) wrong += 1;
    return wrong == 0 && run->phase == DRAINING && run->before.messages > 0;
}

bool report(const struct run *run) {
    bool clean = is_clean(run);
    const struct options *options = &run->options;
    double wall = run->phase == DRAINING ? (double)run->measured_ns / 1e9 : 0;
    double rate = wall > 0 ? (double)run->before.messages / wall : 0;
    printf("{\"ok\": %s, \"connections\": %u, \"depth\": %u, \"events_per_request\": %u, \"rate\": %.0f, ",
           clean ? "true" : "false", options->connections, options->depth, options->events, options->rate);
    printf("\"requests\": %lu, \"events\": %lu, \"requests_per_second\": %.1f, \"events_per_second\": %.1f, ",
           run->before.messages, run->before.messages * options->events, rate, rate * options->events);
    print_latency(&run->histogram);
    printf("\"bytes_per_request\": %zu, \"bytes_sent\": %lu, \"bytes_received\": %lu, ", run->messages.size,
           run->before.bytes_sent, run->before.bytes_received);
    print_errors(run);
    printf("\"verdict\": {");
    for (unsigned index = 0; index < VERDICT_NAMES; index++)
        printf("%s\"%s\": %lu", index ? ", " : "", verdict_names[index], run->verdict[index]);
    printf("}, \"unsent\": %lu, \"total_events\": %lu, ", run->unsent, run->totals.messages * options->events);
    printf("\"cpu_seconds\": {\"user\": %.3f, \"system\": %.3f}, \"wall_seconds\": %.3f}\n",
           seconds(run->usage.ru_utime) - seconds(run->usage_before.ru_utime),
           seconds(run->usage.ru_stime) - seconds(run->usage_before.ru_stime), wall);
    if (!clean) fprintf(stderr, "load: no clean run; the first error: %s\n", run->first_error ? run->first_error : "-");
    return clean;
}
