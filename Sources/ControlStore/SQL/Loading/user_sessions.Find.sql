-- One session by its key.
SELECT
    session_id, user_id, user_agent, referrer, landing_page, device_type, screen_resolution, language, country_code,
    created_at, first_sequence, last_event_at, last_sequence, last_page_url, exit_page, exit_reason, page_views,
    origins, made_by_loader, has_funnel_steps
FROM user_sessions
WHERE project_id = :project_id AND session_id = :session_id
