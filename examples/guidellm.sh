#!/usr/bin/env bash
# pip install guidellm
# BASE_URL=http://127.0.0.1:8080 API_KEY=your-key MODEL=storyteller TOKENIZER=folder-or-name examples/guidellm.sh
# BASE_URL is without /v1 here. TOKENIZER makes prompts up; it is the model's, as a folder or a name.
set -euo pipefail

backend=kind=openai_http,request_format=/v1/completions,target=${BASE_URL:-http://127.0.0.1:8080}
backend+=,model=${MODEL:-storyteller},api_key=${API_KEY:?set it to an API key of the gateway}
guidellm run --backend "$backend" \
  --tokenizer "kind=huggingface_auto,model=${TOKENIZER:?the folder or the name of the tokenizer}" \
  --data kind=synthetic_text,prompt_tokens=32,output_tokens=32 --profile kind=concurrent,streams=4 \
  --constraint kind=max_requests,count=32 --output kind=console
