"""What happens to a file: ports, stages, their wiring, and the supervisor of jobs."""
