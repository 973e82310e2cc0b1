-- The key-value store, and the job table that all workers share.
CREATE TABLE kv_entries (
    namespace  TEXT NOT NULL CHECK (length(namespace) BETWEEN 1 AND 64),
    key        TEXT NOT NULL CHECK (length(key) BETWEEN 3 AND 512 AND key LIKE '%_:_%'),
    value      TEXT NOT NULL CHECK (
        length(CAST(value AS BLOB)) <= 1048576 AND json_valid(value) AND json_type(value) IN ('object', 'array')),
    created_at TEXT NOT NULL CHECK (length(created_at) = 24),
    updated_at TEXT NOT NULL CHECK (length(updated_at) = 24),
    expires_at TEXT CHECK (length(expires_at) = 24),
    PRIMARY KEY (namespace, key)
) STRICT;

CREATE INDEX kv_entries_by_expiry ON kv_entries (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE jobs (
    number           INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE CHECK (id GLOB 'job_*' AND length(id) = 16),
    kind             TEXT NOT NULL CHECK (kind IN
        ('aggregate', 'advise', 'refresh', 'retain', 'chatwoot', 'optimize', 'insight', 'backup', 'erase')),
    project_id       TEXT NOT NULL DEFAULT '',
    slot             TEXT NOT NULL CHECK (length(slot) BETWEEN 1 AND 64),
    payload          TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(payload) AND length(payload) <= 65536),
    state            TEXT NOT NULL CHECK (state IN
        ('scheduled', 'available', 'running', 'retryable', 'snoozed', 'completed', 'discarded', 'cancelled')),
    priority         INTEGER NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100),
    attempt          INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    max_attempts     INTEGER NOT NULL CHECK (max_attempts >= 1),
    queued_at        TEXT NOT NULL CHECK (length(queued_at) = 24),
    run_at           TEXT NOT NULL CHECK (length(run_at) = 24),
    lease_owner      TEXT,
    -- For people; what decides is lease_boottime_ms on the boot lease_boot_id.
    leased_until     TEXT CHECK (length(leased_until) = 24),
    lease_boot_id    TEXT,
    lease_boottime_ms INTEGER,
    heartbeat_at     TEXT CHECK (length(heartbeat_at) = 24),
    started_at       TEXT CHECK (length(started_at) = 24),
    finished_at      TEXT CHECK (length(finished_at) = 24),
    progress         REAL NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    message          TEXT NOT NULL DEFAULT '' CHECK (length(message) <= 1000),
    errors           TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(errors) AND json_type(errors) = 'array'),
    -- SQLite before 3.45 has json_valid(NULL) as false.
    result           TEXT CHECK (result IS NULL OR json_valid(result)),
    run_id           TEXT,
    asked_by         TEXT NOT NULL CHECK (asked_by IN ('timer', 'api', 'cli', 'job')),
    after            TEXT REFERENCES jobs (id) ON DELETE SET NULL,
    -- Grows with every claim of any job; a write of a result names the one it was claimed with.
    fence            INTEGER NOT NULL DEFAULT 0 CHECK (fence >= 0),
    UNIQUE (kind, project_id, slot),
    CHECK ((state = 'running') = (lease_owner IS NOT NULL)),
    CHECK ((state = 'running') = (lease_boottime_ms IS NOT NULL)),
    CHECK ((state IN ('completed', 'discarded', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK (attempt <= max_attempts)
) STRICT;

CREATE INDEX jobs_to_claim ON jobs (kind, priority DESC, number) WHERE state = 'available';
CREATE INDEX jobs_waiting ON jobs (run_at) WHERE state IN ('scheduled', 'retryable', 'snoozed');
CREATE INDEX jobs_running ON jobs (lease_boottime_ms) WHERE state = 'running';
CREATE INDEX jobs_following ON jobs (after) WHERE after IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- The newest slot ever queued of a kind: a slot is missed only after it, whatever history was deleted.
CREATE TABLE job_slots (
    kind       TEXT NOT NULL,
    project_id TEXT NOT NULL DEFAULT '',
    slot       TEXT NOT NULL,
    PRIMARY KEY (kind, project_id)
) STRICT, WITHOUT ROWID;

-- The number handed to the last claim.
CREATE TABLE job_fence (
    only  INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    fence INTEGER NOT NULL
) STRICT;

INSERT INTO job_fence (only, fence) VALUES (1, 0);
