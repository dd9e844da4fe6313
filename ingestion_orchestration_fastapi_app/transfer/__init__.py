"""The kinds `export` and `import`: a collection as Parquet files, and back."""
