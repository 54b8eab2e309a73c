# pip install litellm
# BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller python examples/litellm_client.py
import os

from litellm import text_completion

asked = {
    # The prefix says which API litellm speaks: text completions.
    "model": f"text-completion-openai/{os.environ.get('MODEL', 'storyteller')}",
    "api_base": os.environ.get("BASE_URL", "http://127.0.0.1:8080/v1"),
    "api_key": os.environ["API_KEY"],
    "max_tokens": 32,
}

completion = text_completion(prompt="Once upon a time", seed=7, **asked)
print(completion.choices[0].text)
print(completion.usage.total_tokens)

for chunk in text_completion(prompt="The cat", stream=True, **asked):
    print(chunk.choices[0].text or "", end="", flush=True)
print()
