package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"

	gateway "clients/client"
)

func send(request *gateway.CreateCompletionRequest, key string) (*gateway.Completion, *http.Response, error) {
	configuration := gateway.NewConfiguration()
	configuration.Servers = gateway.ServerConfigurations{{URL: os.Getenv("GATEWAY_URL")}}
	api := gateway.NewAPIClient(configuration).CompletionsAPI
	authorized := context.WithValue(context.Background(), gateway.ContextAccessToken, key)
	return api.CreateCompletion(authorized).CreateCompletionRequest(*request).Execute()
}

func ask(prompt gateway.CreateCompletionRequestPrompt) *gateway.CreateCompletionRequest {
	return gateway.NewCreateCompletionRequest("storyteller", prompt)
}

func complete(request *gateway.CreateCompletionRequest) *gateway.Completion {
	request.SetMaxTokens(6)
	request.SetTemperature(0)
	completion, _, err := send(request, os.Getenv("API_KEY"))
	if err != nil {
		panic(err)
	}
	return completion
}

func refused(request *gateway.CreateCompletionRequest, key string) (int, gateway.ErrorBody) {
	_, response, err := send(request, key)
	var refusal *gateway.GenericOpenAPIError
	if !errors.As(err, &refusal) {
		panic(err)
	}
	return response.StatusCode, refusal.Model().(gateway.ErrorBody)
}

func main() {
	theCat := "The cat"
	cat := gateway.StringAsCreateCompletionRequestPrompt(&theCat)

	once := "Once upon a time"
	completion := complete(ask(gateway.StringAsCreateCompletionRequestPrompt(&once)))

	withLogprobs := ask(gateway.ArrayOfInt32AsCreateCompletionRequestPrompt(&[]int32{752, 867, 262, 396}))
	withLogprobs.SetLogprobs(2)
	logprobs := complete(withLogprobs).Choices[0].Logprobs.Get()

	withEcho := ask(cat)
	withEcho.SetEcho(true)
	withEcho.SetLogprobs(0)
	echoed := complete(withEcho).Choices[0]

	forSeveral := ask(gateway.ArrayOfStringAsCreateCompletionRequestPrompt(&[]string{"The cat", "My name is"}))
	forSeveral.SetN(2)
	forSeveral.SetStop(gateway.ArrayOfStringAsCreateCompletionRequestStop(&[]string{"."}))
	several := []string{}
	for _, choice := range complete(forSeveral).Choices {
		several = append(several, choice.Text)
	}

	asksTooLittle := ask(cat)
	asksTooLittle.SetN(2)
	asksTooLittle.SetBestOf(1)
	invalidStatus, invalid := refused(asksTooLittle, os.Getenv("API_KEY"))
	issues := [][]*string{}
	for _, issue := range *invalid.Detail.ArrayOfIssue {
		loc := []*string{}
		for _, part := range issue.Loc {
			loc = append(loc, part.String)
		}
		issues = append(issues, loc)
	}
	unauthorizedStatus, unauthorized := refused(asksTooLittle, "wrong")

	err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"completion": map[string]any{
			"text":          completion.Choices[0].Text,
			"finish_reason": completion.Choices[0].GetFinishReason(),
			"logprobs":      completion.Choices[0].Logprobs.Get(),
			"total_tokens":  completion.Usage.TotalTokens,
		},
		"logprobs": map[string]any{
			"tokens":         logprobs.Tokens,
			"token_logprobs": logprobs.TokenLogprobs,
			"top_logprobs":   logprobs.TopLogprobs,
		},
		"echo":         map[string]any{"text": echoed.Text, "token_logprobs": echoed.Logprobs.Get().TokenLogprobs},
		"several":      several,
		"invalid":      map[string]any{"status": invalidStatus, "code": invalid.Error.Code, "issues": issues},
		"unauthorized": map[string]any{"status": unauthorizedStatus, "message": unauthorized.Detail.String},
	})
	if err != nil {
		panic(err)
	}
}
