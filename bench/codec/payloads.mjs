// The four payloads: what a pointer says, a line of a chat, a snapshot of a game, a picture.

let seed = 12_345;
const random = () => (seed = (seed * 1_103_515_245 + 12_345) & 0x7f_ff_ff_ff) / 0x7f_ff_ff_ff;
const to = (digits, value) => Math.round(value * 10 ** digits) / 10 ** digits;

const entity = (_, at) => ({
  id: `entity-${at}`,
  kind: ['player', 'npc', 'item'][at % 3],
  pos: { x: to(2, random() * 1_000), y: to(2, random() * 1_000), z: to(2, random() * 100) },
  vel: { x: random() * 2 - 1, y: random() * 2 - 1 },
  hp: at * 2,
  alive: at % 7 !== 0,
  owner: at % 3 ? null : `u_${at}`,
  tags: [`t${at % 5}`, `zone-${at % 9}`],
});

export const payloads = {
  'pointer move': { x: 412.25, y: 87.5 },
  'chat, 300 B': {
    text: 'Has anyone looked at the reconnect storm yet? I think we should add jitter before the next deploy, see the graph — it is bad. Otherwise all of them come at once.',
    replyTo: 'm3kf92ld00zz',
    mentions: ['u_1', 'u_77'],
  },
  'snapshot, 10 kB': { entities: Array.from({ length: 50 }, entity) },
  'bytes, 64 kB': Uint8Array.from({ length: 65_536 }, (_, at) => (at * 31) & 255),
};

/** The payload as an entry of a room's log, as the server sends it. */
export const frameOf = (data) => ({
  type: 'message',
  room: 'doc:42',
  entry: [
    18_231,
    'kf92ld01',
    'kf92ld00',
    'm3kf92ld01ab',
    1_764_000_000_123,
    ['Hs8w2k1mQz7LpD3x', { id: 'u_81233', name: 'Grace H.' }],
    'say',
    1,
    data,
  ],
});
