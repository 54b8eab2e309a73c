import { once } from 'node:events';
import { type MessageEvent, WebSocket } from 'undici';

interface Reply {
  id: number;
  result?: { result?: { value?: unknown } };
  error?: { message: string };
}

/** Looks into a process that was started with `--inspect`: its memory, and what it holds open. */
export class Inspector {
  private lastId = 0;
  private readonly waiting = new Map<number, (reply: Reply) => void>();

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }: MessageEvent) => {
      const reply = JSON.parse(String(data)) as Reply;
      this.waiting.get(reply.id)?.(reply);
      this.waiting.delete(reply.id);
    });
  }

  /** `url` is what the process says on standard error: `Debugger listening on ws://…`. */
  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    const inspector = new Inspector(socket);
    await once(socket, 'open');
    return inspector;
  }

  /** The value of an expression, which must be JSON. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.call('Runtime.evaluate', { expression, returnByValue: true });
    return result?.result?.value;
  }

  /**
   * The bytes that are reachable in JavaScript, buffers included, after a full collection. The resident size would add
   * what the allocators keep for later, which varies.
   */
  async reachableBytes(): Promise<number> {
    // What finalizers free is collected the next time.
    for (let round = 0; round < 3; round++) await this.call('HeapProfiler.collectGarbage');
    const { heapUsed, external } = (await this.evaluate('process.memoryUsage()')) as NodeJS.MemoryUsage;
    return heapUsed + external;
  }

  /** Open TCP connections, in and out. */
  async openSockets(): Promise<number> {
    const kinds = (await this.evaluate('process.getActiveResourcesInfo()')) as string[];
    return kinds.filter((kind) => kind === 'TCPSocketWrap').length;
  }

  close(): void {
    this.socket.close();
  }

  private async call(method: string, params: object = {}): Promise<Reply> {
    const id = ++this.lastId;
    const reply = new Promise<Reply>((resolve) => this.waiting.set(id, resolve));
    this.socket.send(JSON.stringify({ id, method, params }));
    const { error, ...rest } = await reply;
    if (error) throw new Error(`${method}: ${error.message}`);
    return rest;
  }
}
