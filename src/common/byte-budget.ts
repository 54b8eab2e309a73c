/** Bounds the bytes of one kind that this process holds at the same time. */
export class ByteBudget {
  private heldBytes = 0;

  constructor(private readonly limitBytes: number) {}

  /** A share for one request, empty at first. */
  open(): ByteShare {
    return new ByteShare((byBytes) => {
      if (byBytes > 0 && this.heldBytes + byBytes > this.limitBytes) return false;
      this.heldBytes += byBytes;
      return true;
    });
  }
}

/** What one request holds of a budget. */
export class ByteShare {
  private bytes = 0;

  constructor(private readonly change: (byBytes: number) => boolean) {}

  /** @returns false when not enough are left; then nothing has changed. */
  take(bytes: number): boolean {
    if (!this.change(bytes)) return false;
    this.bytes += bytes;
    return true;
  }

  /** Gives bytes back; by default all. */
  release(bytes = this.bytes): void {
    this.change(-bytes);
    this.bytes -= bytes;
  }
}
