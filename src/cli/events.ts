import { unreachable } from '../base/assert.js';
import type { Output } from './output.js';
import type { ClusterEvent, FaultReport } from './running-cluster.js';

/** One line for what happened, for a person. Programs get the event itself as JSON. */
export function describeEvent(event: ClusterEvent, output: Output): string {
  switch (event.event) {
    case 'node-down': {
      const why = event.text === '' ? event.reason : `${event.reason}: ${oneLine(event.text)}`;
      const after = event.held ? 'its keys are held for it' : 'what it held is gone';
      return `${output.style('red', 'down')}: ${event.id} (${why}); ${after}`;
    }
    case 'node-up': {
      const where = event.port === null ? '' : ` on port ${event.port}`;
      const contents = event.warm ? `with ${event.entries} entries` : 'empty';
      return `${output.style('green', 'up')}: ${event.id}${where}, ${contents}`;
    }
    case 'node-given-up':
      return `${output.style('red', 'given up')}: ${event.id}, after ${event.failures} deaths in a row`;
    case 'epoch':
      return `ring: epoch ${event.epoch} with ${event.nodes.join(', ') || 'no node'}`;
    case 'node-suspected': {
      const silence = `${event.missed} heartbeats in ${event.silent} ms`;
      return `suspected: ${event.id}, by ${accuser(event.by)} (${silence} without an answer)`;
    }
    case 'node-trusted':
      return `trusted again: ${event.id}, by ${accuser(event.by)}`;
    case 'node-stalled':
      return `stalled: ${event.id}, its event loop has stood for ${event.standing} ms`;
    case 'node-late':
      return `late: ${event.id}, by ${event.late} ms; it blames nobody for what it missed`;
    case 'node-resumed':
      return `moves again: ${event.id}`;
    case 'node-joining':
      return `joining: ${event.id}`;
    case 'node-leaving':
      return `leaving: ${event.id}`;
    case 'node-left':
      return `gone: ${event.id}`;
    case 'supervisor-stalled':
      return `the supervisor was blocked for ${event.late} ms; nobody is blamed for that`;
    case 'fault':
      return `${output.style('red', 'fault')}: ${describeFault(event)}`;
    default:
      return unreachable(event);
  }
}

const accuser = (by: string | null): string => by ?? 'the supervisor';

function describeFault(fault: FaultReport): string {
  if (fault.what === 'pause') return `${fault.id} stands still for ${fault.ms} ms`;
  const link = `link ${fault.link.join(' to ')}`;
  switch (fault.what) {
    case 'cut':
      return `${link} is cut`;
    case 'heal':
      return `${link} is whole again; frames lost: ${fault.lost}`;
    case 'delay':
      return `${link} takes ${fault.ms} ms longer each way`;
    case 'drop':
      return `${link} loses frames with a probability of ${fault.rate}`;
    default:
      return unreachable(fault);
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');
