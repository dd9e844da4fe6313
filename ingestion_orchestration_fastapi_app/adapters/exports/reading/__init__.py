"""Reading Parquet files that may be foreign: in a process that may be killed."""
