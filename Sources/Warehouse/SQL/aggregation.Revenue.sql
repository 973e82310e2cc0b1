-- An order that stands in several events counts with its first; so does one that is left out for its currency.
WITH paid AS (
    SELECT
        "timestamp",
        sequence,
        revenue,
        upper(coalesce(nullif(trim(map_extract(properties, 'currency')[1]), ''), $currency)) = $currency
            AS own_currency,
        nullif(map_extract(properties, 'order_id')[1], '') AS order_id
    FROM events
    WHERE NOT bot AND event_type = $conversion_event AND revenue IS NOT NULL
        AND "timestamp" >= $start AND "timestamp" < $end
),
counted AS (
    SELECT
        revenue,
        own_currency,
        order_id IS NULL
            OR row_number() OVER (PARTITION BY own_currency, order_id ORDER BY "timestamp", sequence) = 1
            AS first_of_order
    FROM paid
)
SELECT
    CAST(coalesce(sum(revenue) FILTER (WHERE own_currency), 0) AS DECIMAL(38, 4)) AS revenue,
    count(*) FILTER (WHERE NOT own_currency) AS other_currencies
FROM counted
WHERE first_of_order
