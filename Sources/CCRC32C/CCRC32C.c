#include "CCRC32C.h"

#include <pthread.h>
#include <string.h>

#if defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <nmmintrin.h>
#endif

static uint32_t tables[8][256];
static pthread_once_t prepared = PTHREAD_ONCE_INIT;

static void prepare(void) {
    for (uint32_t value = 0; value < 256; value++) {
        uint32_t crc = value;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1)));
        tables[0][value] = crc;
    }
    for (uint32_t value = 0; value < 256; value++)
        for (int slice = 1; slice < 8; slice++)
            tables[slice][value] = (tables[slice - 1][value] >> 8) ^ tables[0][tables[slice - 1][value] & 255];
}

uint32_t millrace_crc32c_software(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    pthread_once(&prepared, prepare);
    crc = ~crc;
    for (; count >= 8; next += 8, count -= 8) {
        uint32_t low = crc ^ ((uint32_t)next[0] | (uint32_t)next[1] << 8 | (uint32_t)next[2] << 16 | (uint32_t)next[3] << 24);
        crc = tables[7][low & 255] ^ tables[6][(low >> 8) & 255] ^ tables[5][(low >> 16) & 255] ^ tables[4][low >> 24]
            ^ tables[3][next[4]] ^ tables[2][next[5]] ^ tables[1][next[6]] ^ tables[0][next[7]];
    }
    for (; count > 0; next++, count--) crc = (crc >> 8) ^ tables[0][(crc ^ *next) & 255];
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2")))
static uint32_t hardware(uint32_t crc, const uint8_t *next, size_t count) {
    uint64_t value = ~crc;
    for (; count >= 8; next += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        value = _mm_crc32_u64(value, word);
    }
    for (; count > 0; next++, count--) value = _mm_crc32_u8((uint32_t)value, *next);
    return ~(uint32_t)value;
}
int millrace_crc32c_is_hardware(void) { return __builtin_cpu_supports("sse4.2") != 0; }
#elif defined(__aarch64__)
__attribute__((target("+crc")))
static uint32_t hardware(uint32_t crc, const uint8_t *next, size_t count) {
    uint32_t value = ~crc;
    for (; count >= 8; next += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        value = __crc32cd(value, word);
    }
    for (; count > 0; next++, count--) value = __crc32cb(value, *next);
    return ~value;
}
int millrace_crc32c_is_hardware(void) { return (getauxval(AT_HWCAP) & (1UL << 7)) != 0; }
#else
static uint32_t hardware(uint32_t crc, const uint8_t *next, size_t count) {
    return millrace_crc32c_software(crc, next, count);
}
int millrace_crc32c_is_hardware(void) { return 0; }
#endif

uint32_t millrace_crc32c(uint32_t crc, const void *bytes, size_t count) {
    return millrace_crc32c_is_hardware() ? hardware(crc, bytes, count) : millrace_crc32c_software(crc, bytes, count);
}
