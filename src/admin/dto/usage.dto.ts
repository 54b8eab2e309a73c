import { ApiProperty } from '@nestjs/swagger';
import { INT64 } from '../../contract/int64.js';

const nullable = { type: String, nullable: true } as const;

/** What was used in a bucket of time, by what it is grouped by; what it is not grouped by is null. */
export class CompletionsUsageDto {
  @ApiProperty({ enum: ['organization.usage.completions.result'] })
  object: 'organization.usage.completions.result';

  @ApiProperty(INT64)
  input_tokens: number;
  @ApiProperty(INT64)
  output_tokens: number;
  @ApiProperty(INT64)
  input_cached_tokens: number;
  /** All requests whose body was good, refused ones among them. */
  @ApiProperty(INT64)
  num_model_requests: number;
  /** Of them, those that were not answered with 200, or whose stream broke. Ours, as the following three are. */
  @ApiProperty(INT64)
  num_errors: number;
  /** Of all requests together. */
  @ApiProperty(INT64)
  duration_ms: number;
  /** Streams that had a first token. */
  @ApiProperty(INT64)
  num_first_tokens: number;
  /** Times to the first token, together. */
  @ApiProperty(INT64)
  first_token_ms: number;

  @ApiProperty(nullable)
  project_id: string | null;

  @ApiProperty(nullable)
  user_id: string | null;

  @ApiProperty(nullable)
  api_key_id: string | null;

  @ApiProperty(nullable)
  model: string | null;

  /** Ours, as the next is: of a project that the database knows. */
  @ApiProperty(nullable)
  project_name: string | null;

  /** Of a key that the database knows, revoked ones among them. */
  @ApiProperty(nullable)
  api_key_name: string | null;

  @ApiProperty({ type: Boolean, nullable: true })
  batch: null;

  @ApiProperty(nullable)
  service_tier: null;
}

export class UsageBucketDto {
  @ApiProperty({ enum: ['bucket'] })
  object: 'bucket';

  /** Unix seconds. */
  @ApiProperty(INT64)
  start_time: number;
  @ApiProperty(INT64)
  end_time: number;
  results: CompletionsUsageDto[];
}

export class UsagePageDto {
  @ApiProperty({ enum: ['page'] })
  object: 'page';

  data: UsageBucketDto[];
  has_more: boolean;

  @ApiProperty(nullable)
  next_page: string | null;
}

/** One completion request: who, what and how much, and never a prompt or a completion. */
export class UsageRequestDto {
  @ApiProperty({ enum: ['organization.usage.request'] })
  object: 'organization.usage.request';

  /** Of the gateway: it sorts by when the request ended. */
  id: string;
  /** What the answer carries as `x-request-id`. */
  request_id: string;
  /** Unix seconds. */
  @ApiProperty(INT64)
  started_at: number;
  api_key_id: string;

  /** Of a key that the database knows, revoked ones among them. */
  @ApiProperty(nullable)
  api_key_name: string | null;

  @ApiProperty(nullable)
  project_id: string | null;

  @ApiProperty(nullable)
  user_id: string | null;

  /** As requested; `other` for a name that nobody serves. */
  model: string;

  /** Null: it came to none. */
  @ApiProperty(nullable)
  upstream: string | null;

  /** 499: the client left. */
  @ApiProperty(INT64)
  status: number;

  /** Of a stream that broke, beside the status 200. */
  @ApiProperty(nullable)
  error_code: string | null;

  stream: boolean;
  @ApiProperty(INT64)
  input_tokens: number;
  @ApiProperty(INT64)
  output_tokens: number;
  @ApiProperty(INT64)
  input_cached_tokens: number;

  /** Who counted: the upstream or, where it did not get to, the gateway. */
  @ApiProperty({ enum: ['upstream', 'estimated', 'none'] })
  usage_source: 'upstream' | 'estimated' | 'none';

  @ApiProperty(INT64)
  duration_ms: number;

  /** Of a stream. */
  @ApiProperty({ ...INT64, nullable: true })
  first_token_ms: number | null;

  /** Requests to upstreams that were made for it. */
  @ApiProperty(INT64)
  attempts: number;
  /** Of them, those that went on with a stream that broke. */
  @ApiProperty(INT64)
  resumes: number;
}
