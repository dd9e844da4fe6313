"""The commands of `photoseek` that call the API, one a file."""
