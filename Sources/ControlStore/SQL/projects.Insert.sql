INSERT INTO projects (project_id, organisation_id, name, domains, created_at, updated_at)
VALUES (:project_id, :organisation_id, :name, :domains, :now, :now)
