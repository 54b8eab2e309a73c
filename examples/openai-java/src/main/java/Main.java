// cd examples/openai-java
// BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller mvn -q compile exec:java -Dexec.mainClass=Main
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.OpenAIServiceException;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;

public class Main {
    static String variable(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }

    static CompletionCreateParams asked(String model, String prompt) {
        return CompletionCreateParams.builder().model(model).prompt(prompt).maxTokens(32).seed(7).build();
    }

    public static void main(String[] arguments) {
        var client = OpenAIOkHttpClient.builder()
                .baseUrl(variable("BASE_URL", "http://127.0.0.1:8080/v1"))
                .apiKey(System.getenv("API_KEY"))
                .build();
        var model = variable("MODEL", "storyteller");

        Completion completion = client.completions().create(asked(model, "Once upon a time"));
        System.out.println(completion.choices().get(0).text());
        completion.usage().ifPresent(usage -> System.out.println(usage.totalTokens()));

        try (StreamResponse<Completion> stream = client.completions().createStreaming(asked(model, "The cat"))) {
            stream.stream().forEach(chunk -> System.out.print(chunk.choices().get(0).text()));
        }
        System.out.println();

        try {
            client.completions().create(asked("no-such-model", "Hello"));
        } catch (OpenAIServiceException error) {
            System.out.println(error.statusCode() + " " + error.code().orElse(""));
        }
        client.close();
    }
}
