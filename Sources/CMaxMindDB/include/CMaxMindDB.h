#pragma once
#include <maxminddb.h>

/// A new file that lies in memory and has no path; -1 with errno where the kernel gives none.
int millrace_memory_file(const char *name);
