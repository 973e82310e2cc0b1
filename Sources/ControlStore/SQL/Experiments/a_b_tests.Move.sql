-- Moves a test from one state to the next. A test that ends has ended now, unless it was planned to end before.
UPDATE a_b_tests SET
    status = :to,
    end_date = CASE WHEN :to IN ('completed', 'archived') THEN min(coalesce(end_date, :now), :now) ELSE end_date END
WHERE project_id = :project_id AND test_id = :test_id AND status = :from
