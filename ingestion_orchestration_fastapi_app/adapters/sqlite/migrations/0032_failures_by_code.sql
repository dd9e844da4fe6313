-- The failures of one code come by path, as all of them do, without being sorted.
DROP INDEX failures_by_code;
CREATE INDEX failures_by_code ON failures (job_number, code, display_path);
