import json
import os

from langchain_core.outputs import LLMResult
from langchain_openai import OpenAI
from openai import APIStatusError


def llm(**options: object) -> OpenAI:
    settings = {
        "model": "storyteller",
        "base_url": os.environ["GATEWAY_URL"] + "/v1",
        "api_key": os.environ["API_KEY"],
        "max_tokens": 6,
        "temperature": 0,
        "max_retries": 0,
    }
    return OpenAI(**(settings | options))


def generate(*prompts: str, **options: object) -> LLMResult:
    return llm(**options).generate(list(prompts))


def refused(**options: object) -> APIStatusError:
    try:
        generate("The cat", n=2, extra_body={"best_of": 1}, **options)
    except APIStatusError as error:
        return error
    raise AssertionError("an error was expected")


completion = generate("Once upon a time")
pieces = list(llm().stream("Once upon a time"))
# It sends texts only: the same as the token ids that others send.
logprobs = generate("Once upon a time", logprobs=2).generations[0][0].generation_info["logprobs"]
echoed = generate("The cat", logprobs=0, model_kwargs={"echo": True}).generations[0][0]
several = llm(n=2).generate(["The cat", "My name is"], stop=["."])
invalid = refused()
unauthorized = refused(api_key="wrong")

first = completion.generations[0][0]
print(
    json.dumps(
        {
            "completion": {
                "text": first.text,
                "finish_reason": first.generation_info["finish_reason"],
                "logprobs": first.generation_info["logprobs"],
                "total_tokens": completion.llm_output["token_usage"]["total_tokens"],
            },
            "stream": "".join(pieces),
            "logprobs": {
                "tokens": logprobs["tokens"],
                "token_logprobs": logprobs["token_logprobs"],
                "top_logprobs": logprobs["top_logprobs"],
            },
            "echo": {
                "text": echoed.text,
                "token_logprobs": echoed.generation_info["logprobs"]["token_logprobs"],
            },
            "several": [choice.text for choices in several.generations for choice in choices],
            "invalid": {
                "status": invalid.status_code,
                "code": invalid.code,
                "issues": [issue["loc"] for issue in invalid.response.json()["detail"]],
            },
            "unauthorized": {"status": unauthorized.status_code, "message": unauthorized.body["message"]},
        }
    )
)
