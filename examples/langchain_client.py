# pip install langchain-openai
# BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller python examples/langchain_client.py
import os

from langchain_openai import OpenAI

model = OpenAI(
    model=os.environ.get("MODEL", "storyteller"),
    base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8080/v1"),
    api_key=os.environ["API_KEY"],
    max_tokens=32,
)

print(model.invoke("Once upon a time"))

# Several prompts go out as one request.
for [generation] in model.generate(["The cat", "My name is"]).generations:
    print(generation.text)

for piece in model.stream("One day, a little bird"):
    print(piece, end="", flush=True)
print()
