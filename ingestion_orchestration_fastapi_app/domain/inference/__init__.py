"""What is sent to inference services: uploads, batches, retries, windows; whose model counts."""
