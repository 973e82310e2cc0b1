-- Keeps what could not be stored; once per record and part.
INSERT INTO dead_letters (project_id, kind, reason, sequence, payload, created_at)
VALUES (:project_id, :kind, :reason, :sequence, :payload, :created_at)
ON CONFLICT (sequence, kind) DO NOTHING
