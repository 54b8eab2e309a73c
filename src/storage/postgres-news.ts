import pg from 'pg';
import { CompiledQuery } from 'kysely';
import type { Clock, Timer } from '../common/clock.js';
import { RestartDelay } from '../common/restart-delay.js';
import type { ChangeNews } from './kysely-storage.js';
import { connectionOptions } from './postgres-dialect.js';

const CHANNEL = 'completions_gateway';

/** LISTEN / NOTIFY, on a connection of its own that is made anew when it is lost. The poll covers what is missed meanwhile. */
export class PostgresNews implements ChangeNews {
  private client: pg.Client | undefined;
  private timer: Timer | undefined;
  private isClosed = false;
  private readonly delay = new RestartDelay();

  constructor(
    private readonly url: string,
    private readonly clock: Clock,
    private readonly onNews: () => void,
  ) {}

  statement(revision: number): CompiledQuery {
    return CompiledQuery.raw('select pg_notify($1, $2)', [CHANNEL, String(revision)]);
  }

  listen(): void {
    const client = new pg.Client(connectionOptions(this.url));
    this.client = client;
    const lost = (): void => {
      if (this.client !== client || this.isClosed) return;
      this.client = undefined;
      this.timer = this.clock.timer(this.delay.next(), () => this.listen());
      void client.end().catch(() => undefined);
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', () => this.onNews());
    const listening = async (): Promise<void> => {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.delay.reset();
      // What was written before it listened.
      this.onNews();
    };
    void listening().catch(lost);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.client?.end().catch(() => undefined);
  }
}
