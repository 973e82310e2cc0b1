#define _GNU_SOURCE
#include "CCrypt.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

int millrace_crypt(const char *password, const char *setting, char output[MILLRACE_CRYPT_SIZE]) {
    /* 32 KiB: too much for the stack of a small thread. */
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL) {
        return -1;
    }
    const char *hash = crypt_r(password, setting, data);
    int result = -1;
    /* A failure is a null pointer or, as glibc's has it, a text that begins with an asterisk. */
    if (hash != NULL && hash[0] != '*' && strlen(hash) < MILLRACE_CRYPT_SIZE) {
        strcpy(output, hash);
        result = 0;
    }
    explicit_bzero(data, sizeof *data);
    free(data);
    return result;
}

int millrace_crypt_bcrypt_setting(unsigned long cost, char output[MILLRACE_CRYPT_SIZE]) {
    /* Without random bytes of ours libcrypt takes the system's. */
    const char *setting = crypt_gensalt_rn("$2b$", cost, NULL, 0, output, MILLRACE_CRYPT_SIZE);
    return setting != NULL && setting[0] != '*' ? 0 : -1;
}
