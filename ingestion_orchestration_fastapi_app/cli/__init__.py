"""The `photoseek` command: what a person types, what it asks of the REST API, what it prints."""


def main() -> None:
    """The entry point. The commands are imported here: a module of this package costs no other."""
    from ingestion_orchestration_fastapi_app.cli.app import run

    run()
