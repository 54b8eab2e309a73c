import { Server } from 'node:net';

/**
 * For `node --import`: makes the program listen on 127.0.0.1 only. Portkey has no option for that, and a benchmark must not
 * open a port to the network.
 */
const { listen } = Server.prototype;
Server.prototype.listen = function listenLocally(port, ...others) {
  const callback = others.filter((argument) => typeof argument === 'function');
  return listen.call(this, Number(port), '127.0.0.1', ...callback);
};
