import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express } from 'express';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';

/**
 * Express, and a server whose requests and responses are Express's from the start. Express otherwise gives each of them
 * another prototype (`Object.setPrototypeOf`), after which V8 forgets what it knew of them.
 */
export class HttpAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    const express = this.getInstance<Express>();
    class GatewayRequest extends IncomingMessage {}
    class GatewayResponse<Request extends IncomingMessage> extends ServerResponse<Request> {}
    express.request = adopt(GatewayRequest.prototype, express.request);
    express.response = adopt(GatewayResponse.prototype, express.response);
    this.httpServer = createServer({ IncomingMessage: GatewayRequest, ServerResponse: GatewayResponse }, express);
  }
}

/** `prototype`, with all that `parent` gives. */
function adopt<Parent extends object>(prototype: object, parent: Parent): Parent {
  return Object.setPrototypeOf(prototype, parent) as Parent;
}
