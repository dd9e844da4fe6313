"""The scheduler of jobs: states, progress, retention. Knows no kind of job."""
