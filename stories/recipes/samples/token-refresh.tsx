import { useConnectionState, useRealtime } from 'roomful';

export function SignedIn({ onSignIn }: { readonly onSignIn: () => void }) {
  const client = useRealtime();
  const state = useConnectionState();
  const signIn = () => {
    onSignIn();
    // It waits for the app: now there is a token to show.
    client.connect();
  };
  if (state.status === 'needs-auth')
    return (
      <p role="alert">
        Your session has ended.{' '}
        <button type="button" onClick={signIn}>
          Sign in
        </button>
      </p>
    );
  return (
    <dl>
      <dt>Status</dt>
      <dd>{state.status}</dd>
      {state.status === 'connected' && (
        <>
          <dt>Since</dt>
          <dd>{new Date(state.since).toLocaleTimeString()}</dd>
        </>
      )}
    </dl>
  );
}
