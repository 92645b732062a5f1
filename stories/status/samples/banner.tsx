import { ConnectionStatus } from 'roomful/status';

const quiet = new Set(['connected', 'connecting', 'idle']);

export function Banner() {
  return (
    <ConnectionStatus>
      {({ phase, retryIn, retry }) =>
        !quiet.has(phase) && (
          <p
            style={{
              display: 'flex',
              gap: 12,
              alignItems: 'center',
              margin: 0,
              padding: '10px 14px',
              borderRadius: 10,
              background: '#7a1410',
              color: '#fff',
            }}
          >
            <span style={{ flex: 1 }}>{phase === 'lost' ? 'Looking for the server …' : phase}</span>
            <button type="button" style={{ background: '#fff', color: '#7a1410' }} onClick={retry}>
              Try now{retryIn ? ` (${retryIn})` : ''}
            </button>
          </p>
        )
      }
    </ConnectionStatus>
  );
}
