"""`python -m ingestion_orchestration_fastapi_app.cli`: the `photoseek` command."""

from ingestion_orchestration_fastapi_app.cli import main

if __name__ == "__main__":
    main()
