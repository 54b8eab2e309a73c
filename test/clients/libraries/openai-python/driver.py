import json
import os

from openai import APIStatusError, OpenAI
from openai.types import Completion

URL = os.environ["GATEWAY_URL"] + "/v1"
openai = OpenAI(base_url=URL, api_key=os.environ["API_KEY"], max_retries=0)


def complete(**fields: object) -> Completion:
    return openai.completions.create(model="storyteller", max_tokens=6, temperature=0, **fields)


def refused(client: OpenAI) -> APIStatusError:
    try:
        client.completions.create(model="storyteller", prompt="The cat", n=2, best_of=1)
    except APIStatusError as error:
        return error
    raise AssertionError("an error was expected")


completion = complete(prompt="Once upon a time")
chunks = list(complete(prompt="Once upon a time", stream=True))
logprobs = complete(prompt=[752, 867, 262, 396], logprobs=2).choices[0].logprobs
echoed = complete(prompt="The cat", echo=True, logprobs=0).choices[0]
several = complete(prompt=["The cat", "My name is"], n=2, stop=["."])
invalid = refused(openai)
unauthorized = refused(openai.with_options(api_key="wrong"))

print(
    json.dumps(
        {
            "completion": {
                "text": completion.choices[0].text,
                "finish_reason": completion.choices[0].finish_reason,
                "logprobs": completion.choices[0].logprobs,
                "total_tokens": completion.usage.total_tokens,
            },
            "stream": "".join(choice.text for chunk in chunks for choice in chunk.choices),
            "logprobs": {
                "tokens": logprobs.tokens,
                "token_logprobs": logprobs.token_logprobs,
                "top_logprobs": logprobs.top_logprobs,
            },
            "echo": {"text": echoed.text, "token_logprobs": echoed.logprobs.token_logprobs},
            "several": [choice.text for choice in several.choices],
            "invalid": {
                "status": invalid.status_code,
                "code": invalid.code,
                "issues": [issue["loc"] for issue in invalid.response.json()["detail"]],
            },
            "unauthorized": {"status": unauthorized.status_code, "message": unauthorized.body["message"]},
        }
    )
)
