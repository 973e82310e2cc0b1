#include "load.h"

// Values below 128 have a step each; above, the 7 bits after the highest one choose the step.
static unsigned step_of(uint64_t value) {
    if (value < HISTOGRAM_STEPS) return (unsigned)value;
    unsigned shift = 56 - (unsigned)__builtin_clzll(value);
    return (shift + 1) * HISTOGRAM_STEPS + (unsigned)((value >> shift) - HISTOGRAM_STEPS);
}

void histogram_add(struct histogram *histogram, uint64_t value) {
    histogram->counts[step_of(value)] += 1;
    histogram->count += 1;
    histogram->sum += value;
    if (value > histogram->max) histogram->max = value;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->count), seen = 0;
    for (unsigned step = 0; step < HISTOGRAM_SIZE; step++) {
        seen += histogram->counts[step];
        if (seen <= wanted) continue;
        if (step < HISTOGRAM_STEPS) return step;
        unsigned shift = step / HISTOGRAM_STEPS - 1;
        uint64_t low = (uint64_t)(step % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << shift;
        uint64_t middle = low + ((1ULL << shift) >> 1);
        return middle < histogram->max ? middle : histogram->max;
    }
    return histogram->max;
}
