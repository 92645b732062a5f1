// Acknowledgements. Those of one turn of the event loop to one room become one frame: behind the messages of
// the room that come meanwhile, and before any other frame for the connection.
import type { ReceiptTuple } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';
import type { OpenAck, Reader } from './receiver.js';

/**
 * The receipts in one frame, at most. A full frame is written at once, and not at the end of the turn: its
 * client can send on while the server handles the rest.
 */
const maxReceiptsPerAck = 32;

export function queueAck(peer: Reader, room: string, epoch: string, receipt: ReceiptTuple): void {
  const { openAck, sendQueue } = peer;
  // The result of a handler may be large. A receipt with a result goes alone.
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
