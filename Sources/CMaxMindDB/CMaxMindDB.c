#define _GNU_SOURCE
#include "CMaxMindDB.h"
#include <sys/mman.h>

int millrace_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
