"""The models of datamodel-code-generator, which come without a client: httpx sends them."""

import json
import os

import httpx
from models import Completion, CreateCompletionRequest, ErrorBody

URL = os.environ["GATEWAY_URL"] + "/v1/completions"


def send(request: CreateCompletionRequest, key: str = os.environ["API_KEY"]) -> httpx.Response:
    body = request.model_dump_json(exclude_unset=True)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return httpx.post(URL, content=body, headers=headers, timeout=30)


def complete(**fields: object) -> Completion:
    request = CreateCompletionRequest(model="storyteller", max_tokens=6, temperature=0, **fields)
    return Completion.model_validate_json(send(request).raise_for_status().content)


completion = complete(prompt="Once upon a time")
logprobs = complete(prompt=[752, 867, 262, 396], logprobs=2).choices[0].logprobs
echoed = complete(prompt="The cat", echo=True, logprobs=0).choices[0]
several = complete(prompt=["The cat", "My name is"], n=2, stop=["."])

asks_too_little = CreateCompletionRequest(model="storyteller", prompt="The cat", n=2, best_of=1)
refused = send(asks_too_little)
invalid = ErrorBody.model_validate_json(refused.content)
turned_away = send(asks_too_little, "wrong")
unauthorized = ErrorBody.model_validate_json(turned_away.content)

print(
    json.dumps(
        {
            "completion": {
                "text": completion.choices[0].text,
                "finish_reason": completion.choices[0].finish_reason.value,
                "logprobs": completion.choices[0].logprobs,
                "total_tokens": completion.usage.total_tokens,
            },
            "logprobs": {
                "tokens": logprobs.tokens,
                "token_logprobs": logprobs.token_logprobs,
                "top_logprobs": logprobs.top_logprobs,
            },
            "echo": {"text": echoed.text, "token_logprobs": echoed.logprobs.token_logprobs},
            "several": [choice.text for choice in several.choices],
            "invalid": {
                "status": refused.status_code,
                "code": invalid.error.code,
                "issues": [issue.loc for issue in invalid.detail],
            },
            "unauthorized": {"status": turned_away.status_code, "message": unauthorized.detail},
        }
    )
)
