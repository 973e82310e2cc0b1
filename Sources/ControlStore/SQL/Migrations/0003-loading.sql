-- What the loader keeps: the catalogue of Parquet files, its checkpoint, its counters, and dead letters.
CREATE TABLE event_files (
    file_id         INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id      TEXT NOT NULL REFERENCES projects (project_id),
    -- The UTC day of the events' own time, YYYY-MM-DD.
    date            TEXT NOT NULL CHECK (length(date) = 10),
    -- Relative to data_dir; a name is never used twice.
    path            TEXT NOT NULL UNIQUE,
    rows            INTEGER NOT NULL CHECK (rows > 0),
    bytes           INTEGER NOT NULL CHECK (bytes > 0),
    first_sequence  INTEGER NOT NULL,
    last_sequence   INTEGER NOT NULL CHECK (last_sequence >= first_sequence),
    min_timestamp   TEXT NOT NULL CHECK (length(min_timestamp) = 24),
    max_timestamp   TEXT NOT NULL CHECK (length(max_timestamp) = 24),
    min_received_at TEXT NOT NULL CHECK (length(min_received_at) = 24),
    max_received_at TEXT NOT NULL CHECK (length(max_received_at) = 24),
    created_at      TEXT NOT NULL CHECK (length(created_at) = 24),
    -- Set when a merge took its place; the file is unlinked, and the row deleted, once no query can still read it.
    replaced_at     TEXT CHECK (length(replaced_at) = 24)
) STRICT;

CREATE INDEX event_files_current ON event_files (project_id, date) WHERE replaced_at IS NULL;
CREATE INDEX event_files_by_receipt ON event_files (max_received_at) WHERE replaced_at IS NULL;
CREATE INDEX event_files_replaced ON event_files (replaced_at) WHERE replaced_at IS NOT NULL;

CREATE TABLE load_checkpoint (
    only       INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    -- The log's id in hexadecimal: the loader refuses another log.
    log_id     TEXT NOT NULL CHECK (length(log_id) = 32),
    -- All records up to and with this one are loaded.
    sequence   INTEGER NOT NULL CHECK (sequence >= 0),
    updated_at TEXT NOT NULL CHECK (length(updated_at) = 24)
) STRICT;

CREATE TABLE load_counters (
    project_id TEXT NOT NULL,
    name       TEXT NOT NULL CHECK (name IN ('loaded', 'late_duplicate', 'dead_letter', 'damaged', 'other_name')),
    value      INTEGER NOT NULL CHECK (value >= 0),
    PRIMARY KEY (project_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters (
    dead_letter_id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- '' where the record names no project that exists.
    project_id     TEXT NOT NULL,
    -- What could not be stored: the whole record, or one part of its event.
    kind           TEXT NOT NULL CHECK (kind IN ('record', 'session', 'funnel_step', 'variant')),
    reason         TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    sequence       INTEGER NOT NULL,
    payload        TEXT NOT NULL CHECK (json_valid(payload)),
    created_at     TEXT NOT NULL CHECK (length(created_at) = 24),
    UNIQUE (sequence, kind)
) STRICT;

CREATE INDEX dead_letters_by_creation ON dead_letters (created_at);

-- The event names a project has used on a UTC day: at most 2,000, what comes beyond is kept under `(other)`.
CREATE TABLE event_names (
    project_id TEXT NOT NULL REFERENCES projects (project_id) ON DELETE CASCADE,
    date       TEXT NOT NULL CHECK (length(date) = 10),
    name       TEXT NOT NULL,
    PRIMARY KEY (project_id, date, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_names_by_date ON event_names (date);
