#!/usr/bin/env bash
# pip install vllm
# BASE_URL=http://127.0.0.1:8080 API_KEY=your-key MODEL=storyteller TOKENIZER=folder-or-name examples/vllm-bench.sh
# BASE_URL is without /v1 here. TOKENIZER counts tokens and makes prompts up; it is the model's, as a folder or a name.
set -euo pipefail

OPENAI_API_KEY=${API_KEY:?set it to an API key of the gateway} vllm bench serve \
  --backend openai --base-url "${BASE_URL:-http://127.0.0.1:8080}" --endpoint /v1/completions \
  --model "${MODEL:-storyteller}" --tokenizer "${TOKENIZER:?the folder or the name of the tokenizer}" \
  --dataset-name random --random-input-len 32 --random-output-len 32 --num-prompts 32 --max-concurrency 4 \
  --percentile-metrics ttft,tpot,itl,e2el
