import os

from client import AuthenticatedClient
from client.api.completions import create_completion
from client.models import Completion, CreateCompletionRequest, ErrorBody
from client.types import Response
from report import report


def send(request: CreateCompletionRequest, key: str = os.environ["API_KEY"]) -> Response[Completion | ErrorBody]:
    client = AuthenticatedClient(os.environ["GATEWAY_URL"], token=key, raise_on_unexpected_status=True)
    return create_completion.sync_detailed(client=client, body=request)


def complete(**fields: object) -> Completion:
    answer = send(CreateCompletionRequest("storyteller", max_tokens=6, temperature=0, **fields)).parsed
    assert isinstance(answer, Completion), answer
    return answer


asks_too_little = CreateCompletionRequest("storyteller", "The cat", n=2, best_of=1)
invalid = send(asks_too_little)
unauthorized = send(asks_too_little, "wrong")

report(
    complete,
    invalid={
        "status": invalid.status_code,
        "code": invalid.parsed.error.code,
        "issues": [issue.loc for issue in invalid.parsed.detail],
    },
    unauthorized={"status": unauthorized.status_code, "message": unauthorized.parsed.detail},
)
