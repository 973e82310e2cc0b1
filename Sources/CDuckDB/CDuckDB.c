#include "CDuckDB.h"

#include <dlfcn.h>
#include <stdio.h>

struct cduckdb_functions cduckdb;

static void *resolve(void *library, const char *name, const char **missing) {
    void *address = dlsym(library, name);
    if (!address && !*missing) *missing = name;
    return address;
}

int cduckdb_load(const char *path, char *message, size_t message_size) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *reason = dlerror();
        snprintf(message, message_size, "%s", reason ? reason : "the loader gave no reason");
        return 1;
    }
    const char *missing = NULL;
    struct cduckdb_functions found;
#define CDUCKDB_RESOLVE(result, name, parameters, arguments) \
    *(void **)&found.name = resolve(library, "duckdb_" #name, &missing);
    CDUCKDB_FUNCTIONS(CDUCKDB_RESOLVE)
#undef CDUCKDB_RESOLVE
    if (missing) {
        snprintf(message, message_size, "it has no function %s", missing);
        dlclose(library);
        return 2;
    }
    cduckdb = found;
    return 0;
}
