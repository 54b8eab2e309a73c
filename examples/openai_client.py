# pip install openai
# BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller python examples/openai_client.py
import os

from openai import APIStatusError, OpenAI

model = os.environ.get("MODEL", "storyteller")
client = OpenAI(base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8080/v1"), api_key=os.environ["API_KEY"])

completion = client.completions.create(model=model, prompt="Once upon a time", max_tokens=32, seed=7)
print(completion.choices[0].text)
print(completion.usage)

stream = client.completions.create(
    model=model, prompt="The cat", max_tokens=32, stream=True, stream_options={"include_usage": True}
)
for chunk in stream:
    print(chunk.choices[0].text if chunk.choices else "\n", end="", flush=True)

try:
    client.completions.create(model="no-such-model", prompt="Hello")
except APIStatusError as error:
    print(error.status_code, error.code, error.request_id)
