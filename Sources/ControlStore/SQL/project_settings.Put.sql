-- Sets all of a project's settings for the browser at once.
INSERT INTO project_settings (
    project_id, rage_clicks, rage_clicks_answered, rage_click_radius_px, rage_click_interval_ms, dead_click_ms,
    hesitation_ms, form_idle_minutes, element_visible_percent, element_time_ms, scroll_depth_percents, sample_rate,
    updated_at)
VALUES (
    :project_id, :rage_clicks, :rage_clicks_answered, :rage_click_radius_px, :rage_click_interval_ms, :dead_click_ms,
    :hesitation_ms, :form_idle_minutes, :element_visible_percent, :element_time_ms, :scroll_depth_percents,
    :sample_rate, :now)
ON CONFLICT (project_id) DO UPDATE SET
    rage_clicks = excluded.rage_clicks,
    rage_clicks_answered = excluded.rage_clicks_answered,
    rage_click_radius_px = excluded.rage_click_radius_px,
    rage_click_interval_ms = excluded.rage_click_interval_ms,
    dead_click_ms = excluded.dead_click_ms,
    hesitation_ms = excluded.hesitation_ms,
    form_idle_minutes = excluded.form_idle_minutes,
    element_visible_percent = excluded.element_visible_percent,
    element_time_ms = excluded.element_time_ms,
    scroll_depth_percents = excluded.scroll_depth_percents,
    sample_rate = excluded.sample_rate,
    updated_at = excluded.updated_at
