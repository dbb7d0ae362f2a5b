/**
 * The figures of the page that take part: the lines over their panels, their clicks and keys.
 *
 * Conventions: as in player.js, with which this is joined to one module.
 */

const STILL = 8; // px; Plotly takes what moves less for a click, and does not zoom
const AGAIN = 500; // ms, as most desktops have it; pressed again within them is a double-click
const REDRAWN = ["plotly_afterplot", "plotly_relayout", "plotly_relayouting"];
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

/** All figures of the page that take part. */
class Figures {
  #player;
  #panels = new Map(); // by figure

  constructor(player) {
    this.#player = player;
  }

  /** Put the lines at a time, NaN for nowhere. */
  draw(time) {
    this.#attend();
    for (const panels of this.#panels.values()) panels.draw(time);
  }

  /** Take the lines and all listeners off the figures. */
  leave() {
    for (const panels of this.#panels.values()) panels.leave();
    this.#panels.clear();
  }

  /** Find the figures: Streamlit may put a new one in place of an old, at any time. */
  #attend() {
    const found = [...document.querySelectorAll(".js-plotly-plot")].filter(
      (graph) => timeAxes(graph).length,
    );
    for (const [graph, panels] of this.#panels) {
      if (found.includes(graph)) continue;
      panels.leave();
      this.#panels.delete(graph);
    }
    for (const graph of found) {
      if (!this.#panels.has(graph)) this.#panels.set(graph, new Panels(this.#player, graph));
    }
  }
}

/** The lines over a figure, and the clicks and keys that it takes. */
class Panels {
  #player; #graph; #crosshair;
  #overlay = newBox(OVERLAY);
  #listening = new AbortController();
  #range = []; // s that are shown
  #pressed = null;
  #clicked = { at: -Infinity, state: null }; // pressed when, and how the player was before
  #time = NaN;

  constructor(player, graph) {
    this.#player = player;
    this.#graph = graph;
    this.#overlay.className = "playhead";
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

  /** Put the lines at a time, NaN for nowhere, as the axes lie at this moment. */
  draw(time) {
    this.#time = time;
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
    this.#look();
  }

  /** Take the lines and all listeners off the figure. */
  leave() {
    this.#listening.abort();
    this.#overlay.remove();
    for (const news of REDRAWN) this.#graph.removeListener?.(news, this.#redraw);
    for (const name of Object.keys(FOCUSABLE)) this.#graph.removeAttribute(name);
  }

  #redraw = () => {
    this.#crosshair.hide(); // until the pointer moves again
    this.draw(this.#time);
  };

  /** Tell the player which seconds are shown, when they are others. */
  #look() {
    const [first, last] = timeAxes(this.#graph)[0]?.range ?? this.#range;
    if (first === this.#range[0] && last === this.#range[1]) return;
    this.#range = [first, last];
    this.#player.follow(first, last);
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
