INSERT INTO api_keys (key_id, project_id, kind, name, hash, created_at, expires_at)
VALUES (:key_id, :project_id, :kind, :name, :hash, :now, :expires_at)
RETURNING *
