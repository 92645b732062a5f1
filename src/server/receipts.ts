// Acknowledgements: those of one turn to one room are one frame, where nothing else is said between them.
import type { ReceiptTuple } from '../protocol/frames.js';
import { serverTuple } from '../protocol/parse.js';
import type { OpenReceipts, Peer } from './peer.js';

/** Receipts in one frame. */
const most = 64;

export function acknowledge(peer: Peer, room: string, epoch: string, receipt: ReceiptTuple): void {
  const { acks, outgoing } = peer;
  // What a handler returned may be large: such a receipt goes alone.
  const isPlain = receipt[4] === null;
  if (isPlain && acks?.room === room && acks.epoch === epoch && acks.receipts.length < most) {
    acks.receipts.push(receipt);
    return;
  }
  const open: OpenReceipts = { room, epoch, receipts: [receipt] };
  const encode = () => outgoing.codec.encode(serverTuple({ type: 'ack', ...open }));
  if (!isPlain) {
    outgoing.push(encode());
    return;
  }
  outgoing.defer(() => {
    if (peer.acks === open) peer.acks = null;
    return encode();
  });
  peer.acks = open;
}
