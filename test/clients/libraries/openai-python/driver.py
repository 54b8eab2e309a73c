import os

from openai import APIStatusError, OpenAI
from openai.types import Completion
from report import report

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


chunks = list(complete(prompt="Once upon a time", stream=True))
invalid = refused(openai)
unauthorized = refused(openai.with_options(api_key="wrong"))

report(
    complete,
    invalid={
        "status": invalid.status_code,
        "code": invalid.code,
        "issues": [issue["loc"] for issue in invalid.response.json()["detail"]],
    },
    unauthorized={"status": unauthorized.status_code, "message": unauthorized.body["message"]},
    stream="".join(choice.text for chunk in chunks for choice in chunk.choices),
)
