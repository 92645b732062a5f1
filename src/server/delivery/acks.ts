// Acknowledgements: those of one turn to one room are one frame, behind the messages of the room that come meanwhile, and before whatever else is said to the connection.
import type { ReceiptTuple } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';
import type { OpenAck, Reader } from './receiver.js';

/** Receipts in one frame. With so many the frame is written, not at the end of the turn: whoever waits for them sends on while the rest of what came with them is handled. */
const maxReceiptsPerAck = 32;

export function queueAck(peer: Reader, room: string, epoch: string, receipt: ReceiptTuple): void {
  const { openAck, sendQueue } = peer;
  // What a handler returned may be large: such a receipt goes alone.
  const isPlain = receipt[4] === null;
  if (
    isPlain &&
    openAck?.room === room &&
    openAck.epoch === epoch &&
    openAck.receipts.length < maxReceiptsPerAck
  ) {
    openAck.receipts.push(receipt);
    if (openAck.receipts.length === maxReceiptsPerAck) sendQueue.flush();
    return;
  }
  const newAck: OpenAck = { room, epoch, receipts: [receipt] };
  const encode = () => sendQueue.codec.encode(serverTuple({ type: 'ack', ...newAck }));
  if (!isPlain) {
    sendQueue.queueDeferred();
    sendQueue.push(encode());
    return;
  }
  sendQueue.defer(() => {
    if (peer.openAck === newAck) peer.openAck = null;
    return encode();
  });
  peer.openAck = newAck;
}
