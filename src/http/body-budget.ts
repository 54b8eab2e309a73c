import { ApiError } from '../errors/api-error.js';

/** The share of one API key: that many keys can be served at any time. */
const KEYS_AT_ONCE = 4;

interface Account {
  heldBytes: number;
}

/** The bytes of request bodies that this process holds, in all and for each API key. */
export class BodyBudget {
  /** What one API key may have. */
  readonly keyLimitBytes: number;
  private heldBytes = 0;
  /** As many as keys that have ever sent a body. */
  private readonly accounts = new Map<string, Account>();

  constructor(private readonly limitBytes: number) {
    this.keyLimitBytes = Math.floor(limitBytes / KEYS_AT_ONCE);
  }

  /** An empty share of the budget, which grows with the body. */
  open(keyId: string): BodyShare {
    let account = this.accounts.get(keyId);
    if (!account) this.accounts.set(keyId, (account = { heldBytes: 0 }));
    return new BodyShare(this, account);
  }

  /** @throws {ApiError} 429 when the key, 503 when the process would hold too much. */
  change(account: Account, byBytes: number): void {
    if (byBytes > 0 && account.heldBytes + byBytes > this.keyLimitBytes) throw keyIsFull();
    if (byBytes > 0 && this.heldBytes + byBytes > this.limitBytes) throw processIsFull();
    account.heldBytes += byBytes;
    this.heldBytes += byBytes;
  }
}

/** What one body takes of the budget. */
export class BodyShare {
  private bytes = 0;

  constructor(
    private readonly budget: BodyBudget,
    private readonly account: Account,
  ) {}

  /** More can never be had. */
  get limitBytes(): number {
    return this.budget.keyLimitBytes;
  }

  /** @throws {ApiError} 429 or 503, and nothing has changed. */
  resize(bytes: number): void {
    this.budget.change(this.account, bytes - this.bytes);
    this.bytes = bytes;
  }

  /** Call when the body is gone; again, it does nothing. */
  release(): void {
    this.resize(0);
  }
}

const headers = { 'Retry-After': '1' };

export function keyIsFull(): ApiError {
  const message = 'The requests of this API key hold too many bytes. Try again when some of them have ended.';
  return new ApiError(429, 'rate_limit_exceeded', message, {
    headers,
    reason: 'the body budget of the key is used up',
  });
}

export function processIsFull(): ApiError {
  const message = 'The gateway holds as many bytes of requests as it may. Try again later.';
  return new ApiError(503, 'overloaded', message, { headers, reason: 'the body budget is used up' });
}
