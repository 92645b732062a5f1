// The styles of the panel, inside its shadow root.
export const styles = `
:host { all: initial; }
* { box-sizing: border-box; }
.dock, .opener {
  --back: #14171f; --raised: #1e2330; --line: #333b4d; --text: #e6e9f0; --soft: #a5aec0; --accent: #8ab4ff; --good: #58d68d; --warn: #f5c451; --bad: #ff8a80;
  position: fixed; z-index: 2147483000; color: var(--text); background: var(--back); font: 12px/1.45 ui-sans-serif, system-ui, sans-serif; color-scheme: dark;
}
@media (prefers-color-scheme: light) {
  .dock, .opener { --back: #fff; --raised: #f1f3f8; --line: #ccd2de; --text: #1b2130; --soft: #545d70; --accent: #1d4fc4; --good: #17703f; --warn: #8a6100; --bad: #b3261e; color-scheme: light; }
}
.opener { right: 12px; bottom: 12px; display: flex; align-items: center; gap: 8px; min-height: 36px; padding: 0 14px; border: 1px solid var(--line); border-radius: 18px; box-shadow: 0 4px 16px #0005; cursor: pointer; }
.dock { display: flex; flex-direction: column; box-shadow: 0 0 24px #0006; }
.dock-bottom { left: 0; right: 0; bottom: 0; border-top: 1px solid var(--line); }
.dock-left { left: 0; top: 0; bottom: 0; border-right: 1px solid var(--line); }
.dock-right { right: 0; top: 0; bottom: 0; border-left: 1px solid var(--line); }
.dock-left, .dock-right { min-width: min(320px, 100vw); }
.dock-bottom .edge { left: 0; right: 0; top: -4px; height: 8px; cursor: ns-resize; }
.dock-left .edge { right: -4px; top: 0; bottom: 0; width: 8px; cursor: ew-resize; }
.dock-right .edge { left: -4px; top: 0; bottom: 0; width: 8px; cursor: ew-resize; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px; padding: 6px 10px; background: var(--raised); }
.grow { flex: 1; }
.status { display: inline-flex; align-items: center; font-weight: 600; margin-right: 6px; }
.faults { display: inline-flex; margin: 0; padding: 0; border: 0; min-width: 0; flex-wrap: wrap; gap: 6px; }
button, select, input { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 5px; min-height: 28px; padding: 2px 9px; }
button { cursor: pointer; }
button.edge { position: absolute; min-height: 0; padding: 0; border: 0; border-radius: 0; background: none; touch-action: none; }
button:hover { border-color: var(--accent); }
button[aria-pressed=true] { border-color: var(--accent); background: color-mix(in srgb, var(--accent) 22%, var(--back)); }
[role=tablist] { display: flex; gap: 2px; padding: 0 8px; border-bottom: 1px solid var(--line); background: var(--raised); overflow-x: auto; flex: none; }
[role=tab] { border: 0; border-radius: 0; background: none; padding: 6px 10px; white-space: nowrap; border-bottom: 2px solid transparent; color: var(--soft); }
[role=tab][aria-selected=true] { border-bottom-color: var(--accent); color: var(--text); }
.count { margin-left: 6px; font-variant-numeric: tabular-nums; color: var(--soft); }
[role=tabpanel] { flex: 1; min-height: 0; overflow: auto; padding: 8px 10px; }
.dot { display: inline-block; flex: none; width: 9px; height: 9px; border-radius: 50%; margin-right: 6px; background: var(--soft); }
.opener .dot { margin: 0; }
.is-connected { background: var(--good); fill: var(--good); }
.is-connecting, .is-authenticating, .is-reconnecting { background: var(--warn); fill: var(--warn); }
.is-offline, .is-needs-auth, .is-closed { background: var(--bad); fill: var(--bad); }
.is-idle { background: var(--soft); fill: var(--soft); }
.timeline { display: block; width: 100%; height: 20px; border-radius: 4px; background: var(--raised); margin-bottom: 8px; }
.latency { margin: 0 0 8px; }
.latency svg { display: block; width: 100%; height: 80px; background: var(--raised); border-radius: 4px; }
.latency polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.latency figcaption { color: var(--soft); font-variant-numeric: tabular-nums; padding-top: 2px; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--soft); padding: 2px 0 4px; }
th, td { text-align: left; vertical-align: top; padding: 3px 10px 3px 0; border-bottom: 1px solid var(--line); font-weight: 400; overflow-wrap: anywhere; }
thead th { color: var(--soft); white-space: nowrap; }
tbody th { font-weight: 600; }
small, .empty { color: var(--soft); }
ul { margin: 2px 0; padding-left: 16px; }
pre, code, time, .rows i { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: 11px; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
h3, h4 { font-size: 13px; margin: 0 0 4px; }
h4 { margin-top: 10px; color: var(--soft); }
.split { display: flex; gap: 12px; height: 100%; }
.list { flex: 1 1 50%; min-width: 0; display: flex; flex-direction: column; }
.detail { flex: 1 1 50%; min-width: 0; overflow: auto; }
.filters { display: flex; gap: 6px; }
input[type=search] { width: 100%; min-width: 0; flex: none; }
.filters input[type=search] { flex: 1; }
.rows { list-style: none; margin: 6px 0 0; padding: 0; overflow: auto; flex: 1; min-height: 0; }
.rows li { content-visibility: auto; contain-intrinsic-height: 28px; }
.rows button { display: flex; gap: 10px; width: 100%; text-align: left; border: 0; border-bottom: 1px solid var(--line); border-radius: 0; background: none; align-items: baseline; }
.rows button:hover, .rows button[aria-pressed=true] { background: var(--raised); }
.rows time { color: var(--soft); flex: none; }
.rows b { flex: none; min-width: 92px; font-weight: 600; }
.rows span:not(.hidden) { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.rows b span { min-width: auto; }
.rows i { margin-left: auto; flex: none; font-style: normal; color: var(--soft); }
.rows .in { color: var(--good); }
.rows .out { color: var(--accent); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 640px) {
  .dock-left, .dock-right { width: 100vw !important; }
  .split { flex-direction: column; height: auto; }
  .list { flex: none; max-height: 40vh; }
  button, select, input { min-height: 36px; }
}
`;
