#!/usr/bin/env bash
# Types and lint of the web app. The declarations of the API are made of the OpenAPI document first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools=tests/browser/node_modules/.bin
if [ ! -x "$tools/tsc" ]; then
  echo 'npm is not installed: the types and the lint of the web app are not checked.'
  exit 0
fi
mkdir -p build/ui
PYTHONPATH=. .venv/bin/python -m tests.browser.openapi_document > build/ui/openapi.json
"$tools/openapi-typescript" build/ui/openapi.json --output build/ui/api.d.ts > /dev/null
"$tools/tsc" --project tests/browser/tsconfig.json
"$tools/eslint" --config tests/browser/eslint.config.js --no-warn-ignored \
  --no-config-lookup ingestion_orchestration_fastapi_app/ui/static/js
