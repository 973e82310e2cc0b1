-- What a project sets otherwise for the browser's script, and the running tests as part of the daemon's snapshot.
-- NULL is the default; a project without a row has set nothing.
CREATE TABLE project_settings (
    project_id              TEXT NOT NULL PRIMARY KEY REFERENCES projects (project_id) ON DELETE CASCADE,
    rage_clicks             INTEGER CHECK (rage_clicks BETWEEN 2 AND 50),
    rage_clicks_answered    INTEGER CHECK (rage_clicks_answered BETWEEN 2 AND 50),
    rage_click_radius_px    INTEGER CHECK (rage_click_radius_px BETWEEN 1 AND 1000),
    rage_click_interval_ms  INTEGER CHECK (rage_click_interval_ms BETWEEN 50 AND 60000),
    dead_click_ms           INTEGER CHECK (dead_click_ms BETWEEN 100 AND 600000),
    hesitation_ms           INTEGER CHECK (hesitation_ms BETWEEN 100 AND 600000),
    form_idle_minutes       INTEGER CHECK (form_idle_minutes BETWEEN 1 AND 1440),
    element_visible_percent INTEGER CHECK (element_visible_percent BETWEEN 1 AND 100),
    element_time_ms         INTEGER CHECK (element_time_ms BETWEEN 100 AND 600000),
    -- A JSON array of whole percents, ascending.
    scroll_depth_percents   TEXT CHECK (scroll_depth_percents IS NULL OR
        (json_valid(scroll_depth_percents) AND json_type(scroll_depth_percents) = 'array'
        AND json_array_length(scroll_depth_percents) BETWEEN 1 AND 20)),
    -- The share of visitors whose browsers send.
    sample_rate             REAL CHECK (sample_rate BETWEEN 0 AND 1),
    updated_at              TEXT NOT NULL CHECK (length(updated_at) = 24)
) STRICT;

CREATE TRIGGER project_settings_inserted AFTER INSERT ON project_settings
BEGIN UPDATE snapshot_version SET version = version + 1; END;
CREATE TRIGGER project_settings_updated AFTER UPDATE ON project_settings
BEGIN UPDATE snapshot_version SET version = version + 1; END;
CREATE TRIGGER project_settings_deleted AFTER DELETE ON project_settings
BEGIN UPDATE snapshot_version SET version = version + 1; END;

CREATE TRIGGER a_b_tests_inserted AFTER INSERT ON a_b_tests
BEGIN UPDATE snapshot_version SET version = version + 1; END;
CREATE TRIGGER a_b_tests_updated AFTER UPDATE ON a_b_tests
BEGIN UPDATE snapshot_version SET version = version + 1; END;
CREATE TRIGGER a_b_tests_deleted AFTER DELETE ON a_b_tests
BEGIN UPDATE snapshot_version SET version = version + 1; END;
