#!/usr/bin/env bash
# BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller examples/curl.sh
set -euo pipefail

base_url=${BASE_URL:-http://127.0.0.1:8080/v1}
model=${MODEL:-storyteller}
headers=(-H "Authorization: Bearer ${API_KEY:?set it to an API key of the gateway}" -H 'Content-Type: application/json')

echo '# The models that the key may use'
curl --fail-with-body -sS "$base_url/models" "${headers[@]}"

echo -e '\n\n# A completion'
curl --fail-with-body -sS "$base_url/completions" "${headers[@]}" \
  -d '{"model": "'"$model"'", "prompt": "Once upon a time", "max_tokens": 32, "temperature": 0.7, "seed": 7}'

echo -e '\n\n# The same as a stream, with the usage at its end'
curl --fail-with-body -sSN "$base_url/completions" "${headers[@]}" \
  -d '{"model": "'"$model"'", "prompt": "Once upon a time", "max_tokens": 4, "temperature": 0.7, "seed": 7,
       "stream": true, "stream_options": {"include_usage": true}}'
