#ifndef MILLRACE_CCRYPT_H
#define MILLRACE_CCRYPT_H

/* Bytes that hold any result of the two functions below, with its end. */
#define MILLRACE_CRYPT_SIZE 384

/*
 * Hashes `password` with the algorithm, cost and salt that `setting` names (a whole hash may stand for it), and
 * writes the hash to `output`. Returns 0, or -1 where the setting is not one that libcrypt knows or memory is short.
 * Safe to call from any number of threads; leaves no copy of the password behind.
 */
int millrace_crypt(const char *password, const char *setting, char output[MILLRACE_CRYPT_SIZE]);

/* Writes a bcrypt setting ("$2b$") of this cost with a random salt from the system to `output`; 0, or -1. */
int millrace_crypt_bcrypt_setting(unsigned long cost, char output[MILLRACE_CRYPT_SIZE]);

#endif
