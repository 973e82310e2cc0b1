-- Times as text sort as times: the newest stays.
INSERT INTO job_slots (kind, project_id, slot)
VALUES (:kind, :project_id, :slot)
ON CONFLICT (kind, project_id) DO UPDATE SET slot = max(slot, excluded.slot)
