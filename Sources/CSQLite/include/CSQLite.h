#pragma once

/* SQLite's variadic calls, which Swift cannot make. `db` is a `sqlite3 *`; each returns SQLite's result code. */

/* Closing the last connection must not checkpoint: one program alone, the loader, does that. */
int millrace_sqlite_no_checkpoint_on_close(void *db);

/* A checkpoint that holds the write lock from begin to end and empties SQLite's WAL. */
int millrace_sqlite_checkpoint_truncate(void *db);
