SELECT
    count(DISTINCT coalesce(user_id, session_id)) AS visitors,
    count(DISTINCT coalesce(user_id, session_id)) FILTER (WHERE event_type = $conversion_event) AS conversions,
    count(*) FILTER (WHERE event_type = 'rage_click') AS rage_clicks,
    count(*) FILTER (
        WHERE CASE WHEN event_type = 'click'
            THEN coalesce(json_extract_string(event_data, '$.cta') = 'true', false)
                OR coalesce(list_contains(from_json($cta_components, '["VARCHAR"]'), component_id), false)
            ELSE false END
    ) AS cta_clicks,
    count(*) FILTER (WHERE event_type IN ('form_start', 'form_submit', 'form_abandon')) AS form_interactions
FROM events
WHERE NOT bot AND "timestamp" >= $start AND "timestamp" < $end
