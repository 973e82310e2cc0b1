-- Sessions, funnel steps, A/B tests, assignments and proposals.
CREATE TABLE user_sessions (
    id                TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    project_id        TEXT NOT NULL REFERENCES projects (project_id) ON DELETE CASCADE,
    session_id        TEXT NOT NULL CHECK (length(session_id) BETWEEN 1 AND 255),
    user_id           TEXT CHECK (length(user_id) BETWEEN 1 AND 255),
    user_agent        TEXT,
    referrer          TEXT,
    landing_page      TEXT NOT NULL,
    exit_page         TEXT,
    exit_reason       TEXT CHECK (exit_reason IN ('timeout', 'navigation', 'close', 'refresh')),
    device_type       TEXT CHECK (device_type IN ('mobile', 'desktop', 'tablet')),
    screen_resolution TEXT,
    language          TEXT,
    country_code      TEXT CHECK (length(country_code) = 2),
    created_at        TEXT NOT NULL CHECK (length(created_at) = 24),
    updated_at        TEXT NOT NULL CHECK (length(updated_at) = 24),
    duration_seconds  INTEGER CHECK (duration_seconds >= 0),
    page_count        INTEGER NOT NULL DEFAULT 1 CHECK (page_count >= 1),
    -- What the loader needs to go on with a session: its page views counted so far (page_count is at least 1), its
    -- latest event by (time, sequence), and that event's page.
    page_views        INTEGER NOT NULL DEFAULT 0 CHECK (page_views >= 0),
    last_event_at     TEXT NOT NULL CHECK (length(last_event_at) = 24),
    last_sequence     INTEGER NOT NULL,
    last_page_url     TEXT NOT NULL,
    -- The sequence number of the earliest event by (time, sequence); its time is created_at.
    first_sequence    INTEGER NOT NULL DEFAULT 0,
    -- Which events the texts above were taken from, where that is not the earliest event; see SessionOrigins.
    origins           TEXT,
    -- 1 where the events named no session and the loader made this one.
    made_by_loader    INTEGER NOT NULL DEFAULT 0 CHECK (made_by_loader IN (0, 1)),
    -- 1 once a funnel step was entered, so that a session without any needs no look-up of them.
    has_funnel_steps  INTEGER NOT NULL DEFAULT 0 CHECK (has_funnel_steps IN (0, 1)),
    UNIQUE (project_id, session_id),
    CHECK ((exit_page IS NULL) = (exit_reason IS NULL))
) STRICT;

CREATE INDEX user_sessions_by_created ON user_sessions (project_id, created_at);
CREATE INDEX user_sessions_by_exit_reason ON user_sessions (project_id, exit_reason);
-- Open sessions: those that a timeout may close.
CREATE INDEX user_sessions_open ON user_sessions (last_event_at) WHERE exit_reason IS NULL;
-- The newest session of a visitor, for events that name no session.
CREATE INDEX user_sessions_by_user ON user_sessions (project_id, user_id, last_event_at) WHERE user_id IS NOT NULL;

CREATE TABLE conversion_funnels (
    id               TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    project_id       TEXT NOT NULL,
    funnel_name      TEXT NOT NULL CHECK (length(funnel_name) BETWEEN 1 AND 100),
    step_name        TEXT NOT NULL CHECK (length(step_name) BETWEEN 1 AND 100),
    step_order       INTEGER NOT NULL CHECK (step_order BETWEEN 0 AND 1000),
    session_id       TEXT NOT NULL,
    entered_at       TEXT NOT NULL CHECK (length(entered_at) = 24),
    exited_at        TEXT CHECK (length(exited_at) = 24 AND exited_at >= entered_at),
    duration_seconds INTEGER CHECK (duration_seconds >= 0),
    dropoff_reason   TEXT,
    component_id     TEXT,
    metadata         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
    UNIQUE (project_id, session_id, funnel_name, step_order),
    FOREIGN KEY (project_id, session_id) REFERENCES user_sessions (project_id, session_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX conversion_funnels_by_name ON conversion_funnels (project_id, funnel_name);
CREATE INDEX conversion_funnels_by_entry ON conversion_funnels (project_id, entered_at);

CREATE TABLE a_b_tests (
    id                   TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    project_id           TEXT NOT NULL REFERENCES projects (project_id) ON DELETE CASCADE,
    test_id              TEXT NOT NULL CHECK (length(test_id) BETWEEN 1 AND 64 AND test_id NOT GLOB '*[^a-z0-9_]*'),
    test_name            TEXT NOT NULL CHECK (length(test_name) BETWEEN 1 AND 200),
    component_id         TEXT,
    -- Each a JSON object; variant_a.share is A's share of the visitors, 0 to 1 (0.5 where absent).
    variant_a            TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(variant_a) AND json_type(variant_a) = 'object'),
    variant_b            TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(variant_b) AND json_type(variant_b) = 'object'),
    status               TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'completed', 'archived')),
    start_date           TEXT NOT NULL CHECK (length(start_date) = 24),
    end_date             TEXT CHECK (length(end_date) = 24),
    target_conversion    TEXT CHECK (length(target_conversion) BETWEEN 1 AND 100),
    sample_size          INTEGER NOT NULL DEFAULT 1000 CHECK (sample_size >= 1),
    confidence_threshold REAL NOT NULL DEFAULT 0.95 CHECK (confidence_threshold > 0 AND confidence_threshold < 1),
    winner_variant       TEXT NOT NULL DEFAULT 'none' CHECK (winner_variant IN ('A', 'B', 'none')),
    created_at           TEXT NOT NULL CHECK (length(created_at) = 24),
    metadata             TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
    UNIQUE (project_id, test_id)
) STRICT;

CREATE TABLE variant_assignments (
    id                TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    project_id        TEXT NOT NULL,
    test_id           TEXT NOT NULL,
    session_id        TEXT NOT NULL,
    variant           TEXT NOT NULL CHECK (variant IN ('A', 'B')),
    assigned_at       TEXT NOT NULL CHECK (length(assigned_at) = 24),
    conversion_events TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(conversion_events)),
    metadata          TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
    UNIQUE (project_id, test_id, session_id),
    FOREIGN KEY (project_id, test_id) REFERENCES a_b_tests (project_id, test_id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, session_id) REFERENCES user_sessions (project_id, session_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX variant_assignments_by_session ON variant_assignments (project_id, session_id);

-- Every look at a test: always_valid_p is the least of all looks up to this one.
CREATE TABLE test_looks (
    project_id     TEXT NOT NULL,
    test_id        TEXT NOT NULL,
    looked_at      TEXT NOT NULL CHECK (length(looked_at) = 24),
    always_valid_p REAL NOT NULL CHECK (always_valid_p BETWEEN 0 AND 1),
    detail         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),
    PRIMARY KEY (project_id, test_id, looked_at),
    FOREIGN KEY (project_id, test_id) REFERENCES a_b_tests (project_id, test_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE optimization_history (
    id                 TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    project_id         TEXT NOT NULL REFERENCES projects (project_id) ON DELETE CASCADE,
    proposal_id        TEXT NOT NULL CHECK (length(proposal_id) BETWEEN 1 AND 100),
    status             TEXT NOT NULL DEFAULT 'proposed' CHECK (status IN
        ('proposed', 'approved', 'rejected', 'implemented', 'testing', 'rolled_back', 'archived')),
    friction_point     TEXT,
    component_id       TEXT,
    page_url           TEXT,
    change_description TEXT NOT NULL,
    proposed_changes   TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(proposed_changes)),
    ai_confidence      REAL CHECK (ai_confidence BETWEEN 0 AND 1),
    expected_impact    REAL CHECK (expected_impact BETWEEN 0 AND 1),
    actual_impact      REAL CHECK (actual_impact BETWEEN -1 AND 1),
    pr_url             TEXT,
    pr_number          INTEGER,
    created_at         TEXT NOT NULL CHECK (length(created_at) = 24),
    implemented_at     TEXT CHECK (length(implemented_at) = 24),
    tested_at          TEXT CHECK (length(tested_at) = 24),
    deployed_at        TEXT CHECK (length(deployed_at) = 24),
    rollback_reason    TEXT,
    metadata           TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
    UNIQUE (project_id, proposal_id)
) STRICT;

CREATE INDEX optimization_history_by_status ON optimization_history (project_id, status);
CREATE INDEX optimization_history_by_created ON optimization_history (project_id, created_at);
CREATE INDEX optimization_history_by_component ON optimization_history (project_id, component_id);
