/**
 * The tables of the database, the same in SQLite and PostgreSQL. Times are Unix seconds, lists are JSON, and what is deleted
 * stays as a row with a time.
 */
export interface Schema {
  /** One row: counts the changes to what processes keep in memory. */
  revisions: { id: number; value: number };
  organizations: OrganizationRow;
  projects: ProjectRow;
  service_accounts: ServiceAccountRow;
  api_keys: ApiKeyRow;
  audit_logs: AuditLogRow;
  usage_rows: UsageRow;
  usage_sums: UsageSum;
}

export interface OrganizationRow {
  /** 24 hex digits, as every id here. */
  id: string;
  name: string;
  created_at: number;
  archived_at: number | null;
  /** JSON: `ScopeLimits` of the configuration; null: none. */
  limits: string | null;
  /** When it changed last, as the count of `revisions`. */
  revision: number;
}

export type ModelMode = 'allow_list' | 'deny_list';

export interface ProjectRow {
  id: string;
  organization_id: string;
  name: string;
  created_at: number;
  archived_at: number | null;
  /** Null: every model. */
  model_mode: ModelMode | null;
  /** JSON: a list of names. */
  model_ids: string | null;
  limits: string | null;
  revision: number;
}

export interface ServiceAccountRow {
  id: string;
  project_id: string;
  name: string;
  created_at: number;
  deleted_at: number | null;
}

/** `project` keys complete; `organization` keys complete for each project, and administer; `admin` keys administer. */
export type KeyKind = 'project' | 'organization' | 'admin';

export interface ApiKeyRow {
  id: string;
  organization_id: string;
  /** Of `project` keys. */
  project_id: string | null;
  service_account_id: string | null;
  kind: KeyKind;
  /** 1: an `admin` key of the whole gateway, and not of its organization alone. */
  is_instance_admin: number;
  name: string;
  /** `sha256:` and 64 hex digits. The key itself is not stored. */
  hash: string;
  /** The beginning and the end of the key, for display. */
  redacted_value: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  deleted_at: number | null;
  limits: string | null;
  revision: number;
}

export interface AuditLogRow {
  id: string;
  organization_id: string;
  project_id: string | null;
  /** OpenAI's name of the event: `api_key.created`. */
  type: string;
  effective_at: number;
  /** The key that did it, and from where. */
  actor_id: string;
  actor_ip: string | null;
  /** JSON: what OpenAI's event holds. Never a key. */
  event: string;
}

/** One completion request, as it is kept: who, what and how much, and never a prompt or a completion. */
export interface UsageRow {
  /** Ours, a UUIDv7: what is written twice counts once. */
  id: string;
  /** What the answer carries as `x-request-id`; clients choose it. */
  request_id: string;
  /** Unix seconds. */
  started_at: number;
  api_key_id: string;
  organization_id: string;
  project_id: string;
  user_id: string;
  /** As requested; `other` for a name that nobody serves. */
  model: string;
  upstream: string;
  /** 499: the client left. */
  status: number;
  error_code: string;
  is_stream: number;
  prompt_tokens: number;
  completion_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  /** Who counted: the upstream or, where it did not get to, the gateway by what it delivered. */
  usage_source: 'upstream' | 'estimated' | 'none';
  duration_ms: number;
  /** Of a stream; null without one. */
  first_token_ms: number | null;
  attempts: number;
  resumes: number;
}

/** What the rows of a bucket of time add up to, for each key, user and model of a project. */
export interface UsageSum {
  /** Of the bucket, in seconds: a minute, an hour, a day. */
  width: number;
  /** Unix seconds. */
  start_time: number;
  organization_id: string;
  project_id: string;
  api_key_id: string;
  user_id: string;
  model: string;
  requests: number;
  /** Of them, those that were not answered with 200, those whose client left among them. */
  errors: number;
  prompt_tokens: number;
  completion_tokens: number;
  cached_tokens: number;
  duration_ms: number;
  /** Streams that had a first token, and the time to it. */
  first_tokens: number;
  first_token_ms: number;
}
