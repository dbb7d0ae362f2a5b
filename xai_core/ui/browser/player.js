/**
 * The player of a note, and a line that follows its sound over the panels of the page.
 *
 * Conventions: times are seconds of the note, lengths CSS pixels. A Plotly figure takes part
 * if `layout.meta.playhead` lists its time axes. Nothing is ever sent to the server. Joined with
 * blend.js and crosshair.js to one module.
 */

const STEP = 0.1; // s, an arrow key
const LEAP = 0.5; // s, an arrow key with shift
const TICK = 250; // ms between looks at a page where nothing moves
const STILL = 8; // px; Plotly takes what moves less for a click, and does not zoom
const AGAIN = 500; // ms, as most desktops have it; pressed again within them is a double-click
const REDRAWN = ["plotly_afterplot", "plotly_relayout", "plotly_relayouting"];
const KEYS = "Space ArrowLeft ArrowRight Home End";
const FOCUSABLE = {
  tabindex: "0",
  role: "group",
  "aria-label": "Panels of the note; their player obeys the keys here too",
  "aria-keyshortcuts": KEYS,
};

const OVERLAY = { position: "absolute", left: 0, top: 0, pointerEvents: "none" };
const LINE = {
  position: "absolute",
  left: "-1px", // its middle is where the time is
  width: "2px",
  background: "#fff", // with dark edges: seen on every colour map, light or dark
  boxShadow: "0 0 0 1px rgba(0, 0, 0, 0.8)",
};

const players = new WeakMap(); // by the shadow root that Streamlit gives a component

/** Called by Streamlit at each run of the page that gives the component something new. */
export default function mount({ data, parentElement }) {
  const player = players.get(parentElement) ?? new Player(parentElement);
  players.set(parentElement, player);
  player.take(data);
  const call = (player.calls += 1);
  return () => {
    // a call that another one has overtaken is cleaned up too, and must not end the player
    if (player.calls === call) {
      players.delete(parentElement);
      player.close();
    }
  };
}

/** The sound with its button, seek bar and clock. */
class Player {
  calls = 0;
  #root; #audio; #button; #slider; #clock; // elements
  #blend;
  #bytes = new Uint8Array();
  #note = ""; // digest of its samples
  #url = "";
  #frame = 0;
  #listening = new AbortController();
  #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #panels = new Panels(this);
  #ticking = setInterval(() => this.#show(), TICK);

  constructor(shadow) {
    this.#root = shadow.querySelector(".player");
    this.#audio = shadow.querySelector("audio");
    this.#button = shadow.querySelector(".main");
    this.#slider = shadow.querySelector(".seek");
    this.#clock = shadow.querySelector(".clock");
    this.#blend = new Blend(shadow, this.#audio, this.#listening.signal);
    set(this.#slider, "aria-keyshortcuts", KEYS);
    const { signal } = this.#listening;
    this.#button.addEventListener("click", () => this.toggle(), { signal });
    this.#slider.addEventListener("input", () => this.seek(Number(this.#slider.value)), { signal });
    this.#root.addEventListener("keydown", (event) => this.obey(event), { signal });
    this.#audio.addEventListener("play", () => this.#follow(), { signal });
    for (const news of ["pause", "seeked", "durationchange"]) {
      this.#audio.addEventListener(news, () => this.#show(), { signal });
    }
  }

  /**
   * Play this from now on: a line of JSON and a WAV file. The one that is there already plays
   * on, and so does its note beside another second sound.
   */
  take(bytes) {
    const known = this.#bytes;
    if (bytes.length === known.length && bytes.every((byte, i) => byte === known[i])) return;
    const end = bytes.indexOf(10); // of the line
    const { names, note } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
    const before = names.length && note === this.#note ? this.state : null;
    this.#forget();
    this.#bytes = bytes;
    this.#note = note;
    this.#blend.name(names);
    this.#url = URL.createObjectURL(new Blob([bytes.subarray(end + 1)], { type: "audio/wav" }));
    this.#audio.src = this.#url;
    if (before) this.state = before;
    this.#show();
  }

  /** Where the sound is, and whether it plays. */
  get state() {
    return { time: this.#audio.currentTime, plays: !this.#audio.paused };
  }

  set state({ time, plays }) {
    this.seek(time);
    if (plays !== this.state.plays) this.toggle();
  }

  toggle() {
    if (!this.#audio.paused) return this.#audio.pause();
    if (this.#audio.currentTime >= this.#audio.duration) this.seek(0);
    this.#blend.start();
    // refused when another note comes first, and the button shows that nothing plays
    this.#audio.play().catch(() => this.#show());
  }

  seek(time) {
    // a file that is not read yet has no end; the browser keeps the time for when it has
    this.#audio.currentTime = Math.min(Math.max(time, 0), this.#audio.duration || time);
    this.#show();
  }

  /** Do what a key says; leave other keys to the browser. */
  obey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = event.shiftKey ? LEAP : STEP;
    const { time } = this.state;
    if (event.key === " ") {
      if (event.target instanceof HTMLButtonElement) return; // which does it by itself
      if (!event.repeat) this.toggle();
    } else if (this.#blend.has(event.target)) return;
    else if (event.key === "ArrowLeft") this.seek(time - step);
    else if (event.key === "ArrowRight") this.seek(time + step);
    else if (event.key === "Home") this.seek(0);
    else if (event.key === "End") this.seek(this.#duration);
    else return;
    event.preventDefault();
  }

  /** Fall silent and leave nothing behind on the page. */
  close() {
    clearInterval(this.#ticking);
    cancelAnimationFrame(this.#frame);
    this.#listening.abort();
    this.#panels.leave();
    this.#blend.close();
    this.#forget();
  }

  get #duration() {
    return this.#audio.duration || 0; // NaN before the file is read
  }

  #forget() {
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.#audio.load();
    URL.revokeObjectURL(this.#url);
  }

  /** Show each frame while the sound plays; who wants little motion gets the ticks alone. */
  #follow() {
    cancelAnimationFrame(this.#frame);
    this.#show();
    if (this.#audio.paused || this.#calm.matches) return;
    this.#frame = requestAnimationFrame(() => this.#follow());
  }

  #show() {
    const { time, plays } = this.state;
    const duration = this.#duration;
    this.#root.toggleAttribute("data-playing", plays);
    set(this.#button, "aria-label", plays ? "Pause" : "Play");
    if (duration) this.#slider.max = duration;
    this.#slider.value = time;
    this.#slider.style.setProperty("--share", duration ? time / duration : 0);
    const [now, end] = [time.toFixed(1), (duration || Number(this.#slider.max)).toFixed(1)];
    set(this.#slider, "aria-valuetext", `${now} of ${end} seconds`);
    this.#clock.textContent = `${now} / ${end} s`;
    const touched = plays || time > 0 || this.#audio.played.length > 0;
    this.#panels.draw(touched ? time : NaN);
  }
}

/** The lines over a figure, and the clicks and keys that it takes. */
class Panels {
  #player;
  #graph = null;
  #overlay = null;
  #crosshair = null;
  #listening = null;
  #pressed = null;
  #clicked = { at: -Infinity, state: null }; // pressed when, and how the player was before
  #time = NaN;

  constructor(player) {
    this.#player = player;
  }

  /** Put the lines at a time, NaN for nowhere, as the axes lie at this moment. */
  draw(time) {
    this.#time = time;
    this.#attend();
    if (!this.#graph) return;
    const overlay = this.#overlay;
    if (!overlay.isConnected) this.#graph.querySelector(".svg-container")?.append(overlay);
    const axes = timeAxes(this.#graph);
    while (overlay.childElementCount < axes.length) overlay.append(newBox(LINE));
    [...overlay.children].forEach((line, number) => {
      const x = axes[number] ? pixel(axes[number], time) : NaN;
      line.style.display = Number.isNaN(x) ? "none" : "block";
      if (Number.isNaN(x)) return;
      const { top, height } = heightOf(this.#graph, axes[number]);
      line.style.height = `${height}px`;
      line.style.transform = `translate(${x}px, ${top}px)`;
    });
  }

  /** Take the lines and all listeners off the figure. */
  leave() {
    if (!this.#graph) return;
    this.#listening.abort();
    this.#overlay.remove();
    for (const news of REDRAWN) this.#graph.removeListener?.(news, this.#redraw);
    for (const name of Object.keys(FOCUSABLE)) this.#graph.removeAttribute(name);
    this.#graph = null;
  }

  #redraw = () => {
    this.#crosshair.hide(); // until the pointer moves again
    this.draw(this.#time);
  };

  /** Find the figure: Streamlit may put a new one in place of the old, at any time. */
  #attend() {
    if (this.#graph?.isConnected && timeAxes(this.#graph).length) return;
    this.leave();
    const graphs = [...document.querySelectorAll(".js-plotly-plot")];
    const found = graphs.find((graph) => timeAxes(graph).length);
    if (found) this.#enter(found);
  }

  #enter(graph) {
    this.#graph = graph;
    this.#overlay = newBox(OVERLAY);
    this.#overlay.className = "playhead";
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const options = { signal, capture: true }; // before Plotly, which may stop an event
    this.#crosshair = new Crosshair(graph, signal);
    for (const [name, text] of Object.entries(FOCUSABLE)) graph.setAttribute(name, text);
    graph.addEventListener("keydown", (event) => this.#key(event), { signal });
    graph.addEventListener("pointerdown", (event) => this.#press(event), options);
    window.addEventListener("pointerup", (event) => this.#lift(event), options);
    window.addEventListener("pointercancel", () => (this.#pressed = null), options);
    for (const news of REDRAWN) graph.on(news, this.#redraw);
  }

  #key(event) {
    if (!event.target.closest("a, button")) this.#player.obey(event);
  }

  #press(event) {
    const inside = event.button === 0 && !event.target.closest(".modebar");
    const time = inside ? this.#timeAt(event) : NaN;
    this.#pressed = null;
    if (Number.isNaN(time)) return;
    const { timeStamp: at, clientX: x, clientY: y } = event;
    const again = at - this.#clicked.at < AGAIN;
    this.#pressed = { time, at, x, y, again };
    this.#tellPlotly(again);
    this.#graph.focus({ preventScroll: true });
  }

  #lift(event) {
    const pressed = this.#pressed;
    this.#pressed = null;
    if (!pressed) return;
    const [x, y] = [event.clientX - pressed.x, event.clientY - pressed.y];
    if (Math.max(Math.abs(x), Math.abs(y)) >= STILL) return;
    const again = pressed.again && event.timeStamp - pressed.at < AGAIN;
    this.#tellPlotly(again);
    const before = this.#player.state;
    // it was no click, but half of a double-click
    if (again) this.#player.state = this.#clicked.state;
    else this.#player.state = { time: pressed.time, plays: true };
    this.#clicked = { at: again ? -Infinity : pressed.at, state: before };
  }

  /**
   * Make Plotly take what it sees next for half of a double-click, or not: it times what it
   * sees when it gets round to it, and on a busy page it would not agree with the player.
   */
  #tellPlotly(again) {
    this.#graph._mouseDownTime = again ? Date.now() : 0;
  }

  /** The time under the pointer, NaN outside all panels. */
  #timeAt(event) {
    return placeOf(event, this.#graph, timeAxes(this.#graph))?.time ?? NaN;
  }
}

/** Where an event is: time axis, time, height in the figure, and whether over a shared bin axis. */
function placeOf(event, graph, axes) {
  const box = graph.querySelector(".svg-container").getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const axis = axes.find((a) => {
    const { top, height } = heightOf(graph, a);
    return x >= a._offset && x <= a._offset + a._length && y >= top && y <= top + height;
  });
  if (!axis) return null;
  const [first, last] = axis.range;
  const time = first + (last - first) * (x - axis._offset) / axis._length;
  return { axis, time, y, binned: binAxis(graph, axis) !== null };
}

function timeAxes(graph) {
  const layout = graph._fullLayout;
  const names = layout?.meta?.playhead ?? [];
  return names.map((name) => layout[`xaxis${name.slice(1)}`]).filter(Boolean);
}

/** Where the panel of a time axis lies in the figure, from above: all bin axes that stand on it. */
function heightOf(graph, timeAxis) {
  const layout = graph._fullLayout;
  const names = Object.keys(layout).filter((name) => /^yaxis\d*$/.test(name));
  const bins = names.map((name) => layout[name]).filter((axis) => axis.anchor === timeAxis._id);
  const top = Math.min(...bins.map((axis) => axis._offset));
  return { top, height: Math.max(...bins.map((axis) => axis._offset + axis._length)) - top };
}

/** Where a time lies in the figure, NaN outside the range that is shown. */
function pixel(axis, time) {
  const [first, last] = axis.range;
  const share = (time - first) / (last - first);
  return share >= 0 && share <= 1 ? axis._offset + share * axis._length : NaN;
}

function newBox(style) {
  const box = document.createElement("div");
  Object.assign(box.style, style);
  return box;
}

function set(element, name, text) {
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}
