-- The sessions that the loader made for a visitor and that lie within a stretch of time.
SELECT
    session_id, user_id, user_agent, referrer, landing_page, device_type, screen_resolution, language, country_code,
    created_at, first_sequence, last_event_at, last_sequence, last_page_url, exit_page, exit_reason, page_views,
    origins, made_by_loader, has_funnel_steps
FROM user_sessions
WHERE project_id = :project_id AND user_id = :user_id AND last_event_at >= :since AND created_at <= :until
    AND made_by_loader = 1
ORDER BY last_event_at, session_id
LIMIT :maximum
