-- Adds to one of the loader's counters.
INSERT INTO load_counters (project_id, name, value)
VALUES (:project_id, :name, :value)
ON CONFLICT (project_id, name) DO UPDATE SET value = value + excluded.value
