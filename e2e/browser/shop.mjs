// A page for the agent's browser, and how the agent gets there.

import { call } from "../scripted-model.mjs";

/** Places on the page, in its own pixels. */
export const BUTTON = { x: 200, y: 150 };
export const FIELD = { x: 200, y: 250 };
export const HELP = { x: 200, y: 350 };

const at = ({ x, y }) => `position:absolute;left:${x - 120}px;top:${y - 30}px;width:240px;height:60px;font:inherit`;

/** What is done to it stands in its text, so that the agent can read it. */
const PAGE = `<!doctype html><meta charset=utf-8><title>Tea shop</title>
<body style="margin:0;font:22px sans-serif;background:#fdf6ee;color:#23201c;height:3000px">
<header style="background:#b0421a;color:#fff;padding:20px 80px">Tea shop</header>
<button style="${at(BUTTON)}" onclick="this.textContent='Bought'" ondblclick="note('twice')">Buy</button>
<input style="${at(FIELD)};box-sizing:border-box;padding:0 12px" aria-label="Voucher" onkeydown="if(event.key==='Enter')note('entered '+this.value)">
<a style="${at(HELP)};line-height:60px" target="_blank" href="help.html">Help</a>
<p id="notes" style="position:absolute;left:400px;top:100px;white-space:pre-line"></p>
<section style="position:absolute;left:400px;top:420px;right:80px;padding:24px 32px;background:#fff;border-radius:12px">
<h1 style="margin:0 0 12px;font-size:32px">Green tea of the spring</h1>Picked in April, dried in the shade. 100 g for 4.50.</section>
<script>
const note = (text) => { notes.textContent += "noted " + text + "\\n"; };
addEventListener("scroll", () => note("scrolled"), { once: true });
addEventListener("keydown", (event) => { if (event.key === "Escape") note("escape"); });
let moved = 0;
addEventListener("mousemove", (event) => { if (event.buttons === 1 && moved++ === 0) note("dragged"); });
</script>`;

export const ADDRESS = "file:///workspace/shop/index.html";

const bash = (command) => call("execute_bash", { command, security_risk: "LOW" });
export const browse = (code) => call("browser", { code, security_risk: "LOW" });

/** What the model answers to open the page; its last words are `done`. */
export const openShop = (done) => [
  { text: "I make a page.", calls: [bash(`mkdir -p shop && echo '<title>Help</title>Help' > shop/help.html && cat > shop/index.html <<'END'\n${PAGE}\nEND`)] },
  { text: "Now I look at it.", calls: [browse(`goto('${ADDRESS}')`)] },
  { text: done },
];
