#!/usr/bin/env bash
# pip install aiperf
# BASE_URL=http://127.0.0.1:8080 API_KEY=your-key MODEL=storyteller TOKENIZER=folder-or-name examples/aiperf.sh
# BASE_URL is without /v1 here. TOKENIZER counts tokens and makes prompts up; it is the model's, as a folder or a name.
set -euo pipefail

aiperf profile --endpoint-type completions --url "${BASE_URL:-http://127.0.0.1:8080}" --streaming \
  --api-key "${API_KEY:?set it to an API key of the gateway}" --model "${MODEL:-storyteller}" \
  --tokenizer "${TOKENIZER:?the folder or the name of the tokenizer}" \
  --synthetic-input-tokens-mean 32 --output-tokens-mean 32 --extra-inputs ignore_eos:true \
  --concurrency 4 --request-count 32
