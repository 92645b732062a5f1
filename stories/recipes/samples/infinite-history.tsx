import { useEffect, useRef } from 'react';
import { useMessages, useRoom } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function History() {
  const room = useRoom(chat, { id: 'tea' }, { history: 20 });
  const { messages, hasOlder, loadOlder, isLoading } = useMessages(room, 'post', { limit: 20 });
  const top = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const element = top.current;
    if (!element || !hasOlder || isLoading) return undefined;
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) loadOlder();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [hasOlder, isLoading, loadOlder]);
  return (
    <section className="tall" tabIndex={0} aria-label="History, the newest below">
      <p ref={top}>{hasOlder ? 'Loading older ones' : 'This is where it began.'}</p>
      <ol aria-label="Messages">
        {messages.map(({ id, data }) => (
          <li key={id}>{data.text}</li>
        ))}
      </ol>
    </section>
  );
}
