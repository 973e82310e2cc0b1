-- Keeps a look at a test; one at the same moment is made again, and its p never rises.
INSERT INTO test_looks (project_id, test_id, looked_at, always_valid_p, detail)
VALUES (:project_id, :test_id, :looked_at, :always_valid_p, :detail)
ON CONFLICT (project_id, test_id, looked_at) DO UPDATE SET
    always_valid_p = min(always_valid_p, excluded.always_valid_p),
    detail = excluded.detail
