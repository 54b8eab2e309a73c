"""The models of datamodel-code-generator, which come without a client: httpx sends them."""

import os

import httpx
from models import Completion, CreateCompletionRequest, ErrorBody
from report import report

URL = os.environ["GATEWAY_URL"] + "/v1/completions"


def send(request: CreateCompletionRequest, key: str = os.environ["API_KEY"]) -> httpx.Response:
    body = request.model_dump_json(exclude_unset=True)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return httpx.post(URL, content=body, headers=headers, timeout=30)


def complete(**fields: object) -> Completion:
    request = CreateCompletionRequest(model="storyteller", max_tokens=6, temperature=0, **fields)
    return Completion.model_validate_json(send(request).raise_for_status().content)


asks_too_little = CreateCompletionRequest(model="storyteller", prompt="The cat", n=2, best_of=1)
refused = send(asks_too_little)
invalid = ErrorBody.model_validate_json(refused.content)
turned_away = send(asks_too_little, "wrong")
unauthorized = ErrorBody.model_validate_json(turned_away.content)

report(
    complete,
    invalid={
        "status": refused.status_code,
        "code": invalid.error.code,
        "issues": [issue.loc for issue in invalid.detail],
    },
    unauthorized={"status": turned_away.status_code, "message": unauthorized.detail},
)
