#include "CSQLite.h"

#include <sqlite3.h>

int millrace_sqlite_no_checkpoint_on_close(void *db) {
    int now = 0;
    return sqlite3_db_config((sqlite3 *)db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &now);
}

int millrace_sqlite_checkpoint_truncate(void *db) {
    return sqlite3_wal_checkpoint_v2((sqlite3 *)db, 0, SQLITE_CHECKPOINT_TRUNCATE, 0, 0);
}
