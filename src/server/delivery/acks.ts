// Acknowledgements: those of one turn to one room are one frame, behind the messages of the room that come meanwhile, and before whatever else is said to the connection.
import type { ReceiptTuple } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';
import type { OpenReceipts, Reader } from './receiver.js';

/** Receipts in one frame. With so many the frame is written, not at the end of the turn: whoever waits for them sends on while the rest of what came with them is handled. */
const most = 32;

export function acknowledge(peer: Reader, room: string, epoch: string, receipt: ReceiptTuple): void {
  const { acks, outgoing } = peer;
  // What a handler returned may be large: such a receipt goes alone.
  const isPlain = receipt[4] === null;
  if (isPlain && acks?.room === room && acks.epoch === epoch && acks.receipts.length < most) {
    acks.receipts.push(receipt);
    if (acks.receipts.length === most) outgoing.flush();
    return;
  }
  const open: OpenReceipts = { room, epoch, receipts: [receipt] };
  const encode = () => outgoing.codec.encode(serverTuple({ type: 'ack', ...open }));
  if (!isPlain) {
    outgoing.settle();
    outgoing.push(encode());
    return;
  }
  outgoing.defer(() => {
    if (peer.acks === open) peer.acks = null;
    return encode();
  });
  peer.acks = open;
}
