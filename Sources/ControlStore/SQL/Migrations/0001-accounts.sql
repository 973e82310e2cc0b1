-- Organisations, projects and keys. Times are ISO 8601 in UTC with milliseconds.
CREATE TABLE organisations (
    organisation_id TEXT NOT NULL PRIMARY KEY CHECK (organisation_id GLOB 'org_*' AND length(organisation_id) = 16),
    name            TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at      TEXT NOT NULL CHECK (length(created_at) = 24)
) STRICT;

CREATE TABLE projects (
    project_id       TEXT NOT NULL PRIMARY KEY CHECK (project_id GLOB 'proj_*' AND length(project_id) = 17),
    organisation_id  TEXT NOT NULL REFERENCES organisations (organisation_id),
    name             TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    domains          TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(domains) AND json_type(domains) = 'array'),
    timezone         TEXT NOT NULL DEFAULT 'UTC' CHECK (length(timezone) BETWEEN 1 AND 64),
    currency         TEXT NOT NULL DEFAULT 'USD' CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
    conversion_event TEXT CHECK (length(conversion_event) BETWEEN 1 AND 100),
    settings         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings) AND json_type(settings) = 'object'),
    created_at       TEXT NOT NULL CHECK (length(created_at) = 24),
    updated_at       TEXT NOT NULL CHECK (length(updated_at) = 24),
    deleted_at       TEXT CHECK (length(deleted_at) = 24)
) STRICT;

CREATE UNIQUE INDEX projects_by_name ON projects (organisation_id, name) WHERE deleted_at IS NULL;

CREATE TABLE api_keys (
    key_id     TEXT NOT NULL PRIMARY KEY CHECK (key_id GLOB 'key_*' AND length(key_id) = 16),
    project_id TEXT NOT NULL REFERENCES projects (project_id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('public', 'secret')),
    name       TEXT CHECK (length(name) <= 200),
    hash       TEXT NOT NULL UNIQUE CHECK (hash GLOB 'sha256:*' AND length(hash) = 71),
    created_at TEXT NOT NULL CHECK (length(created_at) = 24),
    expires_at TEXT CHECK (length(expires_at) = 24),
    revoked_at TEXT CHECK (length(revoked_at) = 24)
) STRICT;

CREATE INDEX api_keys_by_project ON api_keys (project_id);

-- The version of what the daemon's snapshot shows; every change of a project or key raises it.
CREATE TABLE snapshot_version (
    only    INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    version INTEGER NOT NULL CHECK (version >= 1)
) STRICT;

INSERT INTO snapshot_version (only, version) VALUES (1, 1);

CREATE TRIGGER projects_inserted AFTER INSERT ON projects BEGIN UPDATE snapshot_version SET version = version + 1; END;
CREATE TRIGGER projects_updated AFTER UPDATE ON projects BEGIN UPDATE snapshot_version SET version = version + 1; END;
CREATE TRIGGER projects_deleted AFTER DELETE ON projects BEGIN UPDATE snapshot_version SET version = version + 1; END;
CREATE TRIGGER api_keys_inserted AFTER INSERT ON api_keys BEGIN UPDATE snapshot_version SET version = version + 1; END;
CREATE TRIGGER api_keys_updated AFTER UPDATE ON api_keys BEGIN UPDATE snapshot_version SET version = version + 1; END;
CREATE TRIGGER api_keys_deleted AFTER DELETE ON api_keys BEGIN UPDATE snapshot_version SET version = version + 1; END;
