import { useRoom, useSend } from 'roomful';
import { OutboxProgress } from 'roomful/status';
import { chat } from '../../kit/rooms.js';

const style = `
  .pill { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; padding: 8px 14px; border-radius: 22px; background: #e8edff; color: #1b2a6b; }
  .pill [data-part=label] { flex: 1; min-height: 0; }
  .pill [data-part=bar] { width: 96px; accent-color: #2149b8; }
  .pill [data-part=retry], .pill [data-part=discard] { background: #fff; color: #1b2a6b; border-radius: 18px; }
`;

export function Pill({ text }: { readonly text: string }) {
  const [send] = useSend(useRoom(chat, { id: 'tea' }), 'post');
  return (
    <>
      <style>{style}</style>
      <p>
        <button
          type="button"
          onClick={() => {
            void send({ text });
          }}
        >
          Send
        </button>
      </p>
      <OutboxProgress
        className="pill"
        labels={{ failed: (count) => `${count} stayed here`, retry: 'Once more', discard: 'Never mind' }}
      />
    </>
  );
}
