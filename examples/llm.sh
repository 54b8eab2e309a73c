#!/usr/bin/env bash
# pip install llm
# BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller examples/llm.sh
set -euo pipefail

# What `llm` keeps in its own folder otherwise: `llm logs path` says where that is.
LLM_USER_PATH=$(mktemp -d)
export LLM_USER_PATH
trap 'rm -rf "$LLM_USER_PATH"' EXIT
cat >"$LLM_USER_PATH/extra-openai-models.yaml" <<YAML
- model_id: gateway
  model_name: ${MODEL:-storyteller}
  api_base: ${BASE_URL:-http://127.0.0.1:8080/v1}
  api_key_name: gateway
  completion: true
YAML

llm --model gateway --key "${API_KEY:?set it to an API key of the gateway}" -o max_tokens 32 'Once upon a time'
