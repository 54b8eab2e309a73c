#!/usr/bin/env bash
# Evaluates a model through the gateway, and where DIRECT names its server, there too: the figures are to be the same.
#
# pip install 'lm-eval[api]' transformers
# DIRECT=http://127.0.0.1:8000/v1 BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller \
#   TOKENIZER=folder-or-name examples/lm-evaluation-harness/compare.sh
# TASK=stories_written compares greedy texts: for engines that do not score prompts, as llama-server.
set -euo pipefail
cd "$(dirname "$0")"

task=${TASK:-stories_scored}
model=${MODEL:-storyteller}
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

evaluate() { # name, base URL, key, model
  OPENAI_API_KEY=$3 lm_eval --model local-completions --tasks "$task" --include_path . \
    --model_args "model=$4,base_url=$2/completions,num_concurrent=4,tokenizer=${TOKENIZER:?the folder or the name of the tokenizer}" \
    --log_samples --output_path "$results/$1" >"$results/$1.log" 2>&1 || { cat "$results/$1.log"; exit 1; }
}

evaluate gateway "${BASE_URL:-http://127.0.0.1:8080/v1}" "${API_KEY:?set it to an API key of the gateway}" "$model"
[ -z "${DIRECT:-}" ] || evaluate direct "$DIRECT" "${DIRECT_KEY:-none}" "${DIRECT_MODEL:-$model}"

python3 - "$results" <<'PYTHON'
import glob, json, sys

def figures(name):
    rows = []
    for file in glob.glob(f"{sys.argv[1]}/{name}/**/samples_*.jsonl", recursive=True):
        rows += [json.loads(line) for line in open(file)]
    return [row["resps"] for row in sorted(rows, key=lambda row: row["doc_id"])]

through, direct = figures("gateway"), figures("direct")
for [[answer]] in through:
    print(*answer) if isinstance(answer, list) else print(answer)
if direct:
    print("the same, to the last digit" if through == direct else f"not the same: {direct}")
    sys.exit(through != direct)
PYTHON
