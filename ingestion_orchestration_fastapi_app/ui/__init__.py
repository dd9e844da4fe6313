"""The web app: templates and static files. No Python but what made its data."""
