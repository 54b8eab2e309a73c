import { Injectable } from '@nestjs/common';

/** How far the end of the process has come. */
@Injectable()
export class ShutdownState {
  /** Readiness fails. Requests are still served. */
  isAnnounced = false;
}
