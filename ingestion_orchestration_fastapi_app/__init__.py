"""The orchestrator: finds, hashes, prepares and stores images, runs jobs, answers searches."""
