-- A known session with what its new events change.
UPDATE user_sessions SET
    user_id = :user_id, user_agent = :user_agent, referrer = :referrer, landing_page = :landing_page,
    exit_page = :exit_page, exit_reason = :exit_reason, device_type = :device_type,
    screen_resolution = :screen_resolution, language = :language, country_code = :country_code,
    created_at = :created_at, updated_at = :updated_at, duration_seconds = :duration_seconds,
    page_count = max(1, :page_views), page_views = :page_views, last_event_at = :last_event_at,
    last_sequence = :last_sequence, last_page_url = :last_page_url, first_sequence = :first_sequence,
    origins = :origins, has_funnel_steps = max(has_funnel_steps, :has_funnel_steps)
WHERE project_id = :project_id AND session_id = :session_id
