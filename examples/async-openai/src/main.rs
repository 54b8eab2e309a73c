// cd examples/async-openai && BASE_URL=http://127.0.0.1:8080/v1 API_KEY=your-key MODEL=storyteller cargo run
use async_openai::config::OpenAIConfig;
use async_openai::types::completions::CreateCompletionRequestArgs;
use async_openai::Client;
use futures::StreamExt;
use std::env;

fn variable(name: &str, otherwise: &str) -> String {
    env::var(name).unwrap_or_else(|_| otherwise.to_string())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = OpenAIConfig::new()
        .with_api_base(variable("BASE_URL", "http://127.0.0.1:8080/v1"))
        .with_api_key(env::var("API_KEY")?);
    let client = Client::with_config(config);
    let mut request = CreateCompletionRequestArgs::default();
    request.model(variable("MODEL", "storyteller")).max_tokens(32u32).seed(7);

    let completion = client.completions().create(request.prompt("Once upon a time").build()?).await?;
    println!("{}", completion.choices[0].text);
    println!("{:?}", completion.usage.map(|usage| usage.total_tokens));

    let mut stream = client.completions().create_stream(request.prompt("The cat").stream(true).build()?).await?;
    while let Some(chunk) = stream.next().await {
        print!("{}", chunk?.choices[0].text);
    }
    println!();
    Ok(())
}
