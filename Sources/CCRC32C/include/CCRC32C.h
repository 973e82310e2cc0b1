#ifndef MILLRACE_CCRC32C_H
#define MILLRACE_CCRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC32C (Castagnoli, reflected polynomial 0x82F63B78), as in RFC 3720. Pass 0 to begin, or the value so far to go on:
   the checksum of two parts in a row is the checksum of the whole. Uses the processor's instruction where it has one. */
uint32_t millrace_crc32c(uint32_t crc, const void *bytes, size_t count);

/* The same without the instruction (slicing by 8): for processors that lack it, and to test one against the other. */
uint32_t millrace_crc32c_software(uint32_t crc, const void *bytes, size_t count);

/* 1 where millrace_crc32c uses the processor's instruction. */
int millrace_crc32c_is_hardware(void);

#endif
