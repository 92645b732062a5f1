// Messages that say they are compressed, on connections where that was offered and not taken up, and zip bombs in them.
import { constants, deflateRawSync } from 'node:zlib';
import { clientFrame, opcodes } from '../support/network/websocket-frames.js';
import { closes, eitherCodec, eitherStage, visitor, type AttackClass } from './attack.js';

const offers: readonly string[] = [
  'permessage-deflate',
  'permessage-deflate; client_max_window_bits',
  'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  'permessage-deflate; server_max_window_bits=8; client_max_window_bits=8',
  'permessage-deflate; client_max_window_bits=99',
  'permessage-deflate; ;;=,"',
  'x-webkit-deflate-frame',
  `permessage-deflate${'; client_max_window_bits'.repeat(200)}`,
];

/** 50 MB of zeros in 50 KB: made once, for it takes a while. */
let zeros: Buffer | null = null;
const bomb = (): Buffer =>
  (zeros ??= deflateRawSync(Buffer.alloc(50_000_000), { level: 9, finishFlush: constants.Z_SYNC_FLUSH }));

export const compressed: AttackClass = {
  threat: 'T13',
  name: 'compressed messages',
  share: 0.03,
  least: 20,
  visit(dice, number) {
    const payload =
      number % 8 === 0
        ? bomb()
        : dice.pick([
            deflateRawSync(Buffer.from('[9,1]')),
            deflateRawSync(dice.bytes(100)),
            dice.bytes(1 + dice.below(200)),
            Buffer.alloc(0),
          ]);
    const opcode = dice.pick([opcodes.text, opcodes.binary, opcodes.text, opcodes.ping]);
    const bytes = clientFrame(opcode, opcode === opcodes.ping ? payload.subarray(0, 125) : payload, {
      reserved: 0x40,
      key: dice.bytes(4),
    });
    return {
      stage: eitherStage(dice),
      codec: eitherCodec(dice),
      ...visitor(dice, number),
      ...(dice.chance(0.8) && { lines: [`Sec-WebSocket-Extensions: ${dice.pick(offers)}`] }),
      attacks: [
        {
          what: `${payload.length} bytes in a frame of opcode ${opcode}`,
          writes: [bytes],
          frames: 1,
          outcome: closes(1002),
        },
      ],
    };
  },
};
