"""What is printed: texts made safe, rows, JSON, and the progress of a job."""
