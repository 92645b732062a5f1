// Where does the page begin?
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { SideBySide } from './side-by-side.js';
import './theme.js';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>{new URLSearchParams(location.search).has('two') ? <SideBySide /> : <App />}</StrictMode>,
);
