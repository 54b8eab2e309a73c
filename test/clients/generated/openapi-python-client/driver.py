import json
import os

from client import AuthenticatedClient
from client.api.completions import create_completion
from client.models import Completion, CreateCompletionRequest, ErrorBody
from client.types import Response


def send(request: CreateCompletionRequest, key: str = os.environ["API_KEY"]) -> Response[Completion | ErrorBody]:
    client = AuthenticatedClient(os.environ["GATEWAY_URL"], token=key, raise_on_unexpected_status=True)
    return create_completion.sync_detailed(client=client, body=request)


def complete(**fields: object) -> Completion:
    answer = send(CreateCompletionRequest("storyteller", max_tokens=6, temperature=0, **fields)).parsed
    assert isinstance(answer, Completion), answer
    return answer


completion = complete(prompt="Once upon a time")
logprobs = complete(prompt=[752, 867, 262, 396], logprobs=2).choices[0].logprobs
echoed = complete(prompt="The cat", echo=True, logprobs=0).choices[0]
several = complete(prompt=["The cat", "My name is"], n=2, stop=["."])

asks_too_little = CreateCompletionRequest("storyteller", "The cat", n=2, best_of=1)
invalid = send(asks_too_little)
unauthorized = send(asks_too_little, "wrong")

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
                "top_logprobs": [each.additional_properties for each in logprobs.top_logprobs],
            },
            "echo": {"text": echoed.text, "token_logprobs": echoed.logprobs.token_logprobs},
            "several": [choice.text for choice in several.choices],
            "invalid": {
                "status": invalid.status_code,
                "code": invalid.parsed.error.code,
                "issues": [issue.loc for issue in invalid.parsed.detail],
            },
            "unauthorized": {"status": unauthorized.status_code, "message": unauthorized.parsed.detail},
        }
    )
)
