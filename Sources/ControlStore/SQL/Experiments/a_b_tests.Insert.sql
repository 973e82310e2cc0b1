-- A new test; it runs at once.
INSERT INTO a_b_tests (
    id, project_id, test_id, test_name, component_id, variant_a, start_date, target_conversion, sample_size,
    confidence_threshold, created_at)
VALUES (
    :id, :project_id, :test_id, :test_name, :component_id, json_object('share', :share), :start_date,
    :target_conversion, :sample_size, :confidence_threshold, :now)
