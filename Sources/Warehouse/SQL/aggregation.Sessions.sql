-- The files hold more than the window: a session belongs to the window in which it began, with all of its events.
WITH sessions AS (
    SELECT
        least(min("timestamp"), coalesce(min(session_started_at), min("timestamp"))) AS began,
        max("timestamp") AS ended,
        count(*) FILTER (WHERE event_type = 'page_view') AS page_views,
        bool_or(
            event_type IN ('click', 'rage_click', 'form_start', 'form_abandon', 'form_submit')
            OR (event_type IN ('scroll', 'scroll_depth') AND coalesce(scroll_percentage >= 25, false))
            OR event_type NOT IN (
                'click', 'scroll', 'hover', 'rage_click', 'hesitation', 'form_start', 'form_abandon', 'form_submit',
                'error', 'page_view', 'time_on_element', 'scroll_depth')
        ) AS interacted,
        max(CASE WHEN event_type IN ('scroll', 'scroll_depth') AND NOT isnan(scroll_percentage)
            THEN CAST(round(least(greatest(scroll_percentage, 0), 100) * 10000) AS BIGINT) END) AS deepest
    FROM events
    WHERE NOT bot AND session_id IS NOT NULL
    GROUP BY session_id
)
SELECT
    count(*) AS sessions,
    CAST(coalesce(sum((epoch_ms(ended) - epoch_ms(began)) // 1000), 0) AS BIGINT) AS seconds,
    count(*) FILTER (WHERE page_views <= 1 AND NOT interacted) AS bounces,
    count(deepest) AS scrolled,
    CAST(coalesce(sum(deepest), 0) AS BIGINT) AS depth_millionths
FROM sessions
WHERE began >= $start AND began < $end
