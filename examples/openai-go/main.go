// cd examples/openai-go && go mod tidy && BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller go run .
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	ctx := context.Background()
	client := openai.NewClient(
		option.WithBaseURL(env("BASE_URL", "http://127.0.0.1:8080/v1")),
		option.WithAPIKey(os.Getenv("API_KEY")),
	)
	model := openai.CompletionNewParamsModel(env("MODEL", "storyteller"))
	asked := func(prompt string) openai.CompletionNewParams {
		return openai.CompletionNewParams{
			Model:     model,
			Prompt:    openai.CompletionNewParamsPromptUnion{OfString: openai.String(prompt)},
			MaxTokens: openai.Int(32),
			Seed:      openai.Int(7),
		}
	}

	completion, err := client.Completions.New(ctx, asked("Once upon a time"))
	if err != nil {
		panic(err)
	}
	fmt.Println(completion.Choices[0].Text)
	fmt.Println(completion.Usage.TotalTokens)

	stream := client.Completions.NewStreaming(ctx, asked("The cat"))
	for stream.Next() {
		fmt.Print(stream.Current().Choices[0].Text)
	}
	if err := stream.Err(); err != nil {
		panic(err)
	}
	fmt.Println()

	model = "no-such-model"
	_, err = client.Completions.New(ctx, asked("Hello"))
	var refused *openai.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.StatusCode, refused.Code)
	}
}
