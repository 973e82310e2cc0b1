// Preloaded into process 1 of a box and into all that it starts: adds the seconds that stand in the file CLOCK_FILE to
// the time of day. Whoever changes the file moves the clock of them all. Monotonic clocks stay as they are.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#ifndef CLOCK_FILE
#define CLOCK_FILE "/box/share/clock"
#endif
enum { MOST_FILES = 1 << 16 };

static const volatile int64_t *shift;
// Which descriptors are timers of the time of day.
static char is_wall_timer[MOST_FILES];

static int is_wall(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_REALTIME_ALARM;
}

static int64_t shift_of(clockid_t clock) { return shift && is_wall(clock) ? *shift : 0; }

__attribute__((constructor)) static void find_shift(void) {
    int file = (int)syscall(SYS_openat, AT_FDCWD, CLOCK_FILE, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *page = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) shift = page;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0) now->tv_sec += shift_of(clock);
    return result;
}

time_t time(time_t *copy) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (copy) *copy = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict value, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    value->tv_sec = now.tv_sec;
    value->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left) {
    struct timespec real = *wanted;
    if (flags & TIMER_ABSTIME) real.tv_sec -= shift_of(clock);
    return syscall(SYS_clock_nanosleep, clock, flags, &real, left) == 0 ? 0 : errno;
}

int timerfd_create(clockid_t clock, int flags) {
    int file = (int)syscall(SYS_timerfd_create, clock, flags);
    if (file >= 0 && file < MOST_FILES) is_wall_timer[file] = is_wall(clock);
    return file;
}

int timerfd_settime(int file, int flags, const struct itimerspec *wanted, struct itimerspec *before) {
    struct itimerspec real = *wanted;
    // A year that no clock reaches means never, and none at all disarms: both stay.
    int is_time = (real.it_value.tv_sec || real.it_value.tv_nsec) && real.it_value.tv_sec < INT64_C(1) << 40;
    if (is_time && (flags & TFD_TIMER_ABSTIME) && file >= 0 && file < MOST_FILES && is_wall_timer[file]) {
        real.it_value.tv_sec -= shift_of(CLOCK_REALTIME);
        if (real.it_value.tv_sec < 1) real.it_value.tv_sec = 1;
    }
    return (int)syscall(SYS_timerfd_settime, file, flags, &real, before);
}
