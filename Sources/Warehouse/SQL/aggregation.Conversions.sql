-- Revenue stands with the first event of each order only, and only in the project's currency.
WITH conversions AS (
    SELECT
        coalesce(user_id, session_id) AS visitor,
        "timestamp",
        sequence,
        CASE WHEN upper(coalesce(nullif(trim(map_extract(properties, 'currency')[1]), ''), $currency)) = $currency
            THEN revenue END AS revenue,
        nullif(map_extract(properties, 'order_id')[1], '') AS order_id
    FROM events
    WHERE NOT bot AND event_type = $conversion_event AND "timestamp" >= $start AND "timestamp" < $end
)
SELECT
    visitor,
    "timestamp",
    CASE WHEN order_id IS NULL
            OR row_number() OVER (PARTITION BY order_id, revenue IS NULL ORDER BY "timestamp", sequence) = 1
        THEN revenue END AS revenue
FROM conversions
WHERE visitor IS NOT NULL
ORDER BY "timestamp", sequence
