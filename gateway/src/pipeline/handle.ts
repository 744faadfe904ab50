// The pipeline of one request, top to bottom: inspect, plan, prepare, admit, send (with failover), relay, settle.

import { isoDay } from '../../../config/calendar';
import { GatewayError } from '../core/errors';
import { admit, unbooked } from './admit';
import { ClientGone, watchClient } from './clientConnection';
import type { Exchange, IncomingRequest, Service, Services } from './context';
import { Failover } from './failover';
import { recordOf } from './outcome';
import { openCandidates } from './prepare';
import { responseContext } from './responseHeaders';
import { newProgress } from './responseProgress';
import { planWithinBudget } from './stepDown';

/** Answers one request. @throws GatewayError where nothing has been sent to the client yet */
export async function handle<T>(services: Services, incoming: IncomingRequest, service: Service<T>): Promise<void> {
  const { config, now, random } = services;
  const { startedAt, raw } = incoming;
  const client = watchClient(raw, incoming.ending);
  const day = isoDay(startedAt);

  const inspecting = service.inspect(incoming, config.limits);
  const facts = inspecting instanceof Promise ? await inspecting : inspecting;
  const planning = planWithinBudget(services, facts, incoming, { now: startedAt, day, random });
  const chosen = planning instanceof Promise ? await planning : planning;
  const exchange: Exchange = { services, config, incoming, facts, plan: chosen, day, client };
  const candidates = openCandidates(exchange, service);
  const first = (await candidates.next()).value;
  if (first === undefined) throw new GatewayError('no_capable_target');
  const reservation = service.booked ? await admit(exchange, first) : unbooked;

  const progress = newProgress();
  const sending = new Failover(service, first, candidates, exchange, reservation, progress);
  let failure: unknown;
  let cancel: (() => void) | undefined;
  try {
    if (client.reason !== undefined) throw client.reason; // it left while it was admitted: nothing has been sent
    while (sending.again) {
      const answered = await sending.send();
      cancel = () => answered.response.cancel();
      await service.relay(answered, responseContext(exchange, answered, reservation, sending, progress), progress);
    }
    if (progress.failure === undefined) sending.succeeded();
    else sending.failed(progress.failure);
  } catch (error) {
    failure = error;
    cancel?.();
    if (error instanceof GatewayError) sending.failed(error);
    else sending.abandoned();
    if (error instanceof GatewayError && !progress.begun) progress.status = error.status;
    if (!progress.begun && !(error instanceof ClientGone)) throw error;
  } finally {
    if (service.booked) {
      const record = recordOf(exchange, first, progress, failure, reservation, now());
      reservation.settle(record);
      services.observe(record);
    }
  }
}
