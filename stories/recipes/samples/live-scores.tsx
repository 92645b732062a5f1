import { useMessages, useRoom } from 'roomful';
import { match } from '../../kit/rooms.js';

export function Score({ home, away }: { readonly home: string; readonly away: string }) {
  const room = useRoom(match, { id: `${home}-${away}` }, { history: 50 });
  const { messages: goals } = useMessages(room, 'goal');
  const of = (team: string) => goals.filter(({ data }) => data.team === team).length;
  return (
    <>
      <output className="figure">
        {home} {of(home)} : {of(away)} {away}
      </output>
      <ol aria-label="Goals">
        {goals.map(({ id, data }) => (
          <li key={id}>
            {data.minute}′ {data.team}
          </li>
        ))}
      </ol>
    </>
  );
}
