-- A session seen for the first time; nothing happens where it exists.
INSERT INTO user_sessions (
    id, project_id, session_id, user_id, user_agent, referrer, landing_page, exit_page, exit_reason, device_type,
    screen_resolution, language, country_code, created_at, updated_at, duration_seconds, page_count, page_views,
    last_event_at, last_sequence, last_page_url, first_sequence, origins, made_by_loader, has_funnel_steps)
VALUES (
    :id, :project_id, :session_id, :user_id, :user_agent, :referrer, :landing_page, :exit_page, :exit_reason,
    :device_type, :screen_resolution, :language, :country_code, :created_at, :updated_at, :duration_seconds,
    max(1, :page_views), :page_views, :last_event_at, :last_sequence, :last_page_url, :first_sequence, :origins,
    :made_by_loader, :has_funnel_steps)
ON CONFLICT (project_id, session_id) DO NOTHING
