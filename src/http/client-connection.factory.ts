import { Inject, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { GatewayConfig } from '../config/config.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { ClientConnection } from './client-connection.js';
import { StalledAnswers } from './stalled-answers.js';

@Injectable()
export class ClientConnectionFactory {
  constructor(
    private readonly config: GatewayConfig,
    private readonly stalled: StalledAnswers,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  open(request: Request, response: Response): ClientConnection {
    return new ClientConnection(request, response, this.clock, this.config.server, this.stalled);
  }
}
