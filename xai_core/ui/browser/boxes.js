/**
 * Boxes over a map in hertz and seconds: drawn by dragging, shown with their numbers.
 *
 * Conventions: a Plotly figure takes part if `layout.meta.boxes` is true; its axes are x, in
 * seconds, and y, in hertz, both linear. Lengths are CSS pixels. A box goes to the server when the
 * pointer is let go, never while it is drawn; which boxes there are, the server says.
 */

const TICK = 250; // ms between looks at a page where nothing moves
const LEAST = 5; // px in both directions: what moves less is a click, and the player's
const REDRAWN = ["plotly_afterplot", "plotly_relayout", "plotly_relayouting"];
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = { mute: "#1b1b1b", solo: "#009e73", gain: "#b4690e", drawn: "#1b1b1b" };
const RIM = "rgba(255, 255, 255, 0.9)"; // around the lines: seen on every colour map
const MOST_HARMONICS = 60;
const LABEL = { fontSize: 12, inset: 4 }; // px

const panels = new WeakMap(); // by the shadow root that Streamlit gives a component

/** Called by Streamlit at each run of the page that gives the component something new. */
export default function mount({ data, parentElement, setTriggerValue }) {
  const panel = panels.get(parentElement) ?? new BoxPanel();
  panels.set(parentElement, panel);
  panel.take(data.boxes, (box) => setTriggerValue("drawn", box));
  const call = (panel.calls += 1);
  return () => {
    // a call that another one has overtaken is cleaned up too, and must not end the panel
    if (panel.calls === call) {
      panels.delete(parentElement);
      panel.close();
    }
  };
}

class BoxPanel {
  calls = 0;
  #boxes = [];
  #tell = () => {};
  #graph = null;
  #overlay = document.createElementNS(SVG, "svg");
  #listening = null;
  #from = null; // where the pointer went down, in px of the figure
  #to = null;
  #ticking = setInterval(() => this.#attend(), TICK);

  constructor() {
    this.#overlay.setAttribute("class", "boxes");
    this.#overlay.setAttribute("aria-hidden", "true"); // all of it is in the table
    const whole = { position: "absolute", left: 0, top: 0, width: "100%", height: "100%" };
    Object.assign(this.#overlay.style, { ...whole, pointerEvents: "none" });
  }

  take(boxes, tell) {
    this.#boxes = boxes;
    this.#tell = tell;
    this.#attend();
    this.#draw();
  }

  close() {
    clearInterval(this.#ticking);
    this.#leave();
  }

  /** Find the figure: Streamlit may put a new one in place of the old, at any time. */
  #attend() {
    if (!this.#graph?.isConnected || !takesPart(this.#graph)) {
      this.#leave();
      const graphs = [...document.querySelectorAll(".js-plotly-plot")];
      const found = graphs.filter(takesPart).at(-1);
      if (found) this.#enter(found);
    }
    if (this.#graph && !this.#overlay.isConnected) this.#draw();
  }

  #enter(graph) {
    this.#graph = graph;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const options = { signal, capture: true }; // before Plotly, which may stop an event
    graph.addEventListener("pointerdown", (event) => this.#press(event), options);
    window.addEventListener("pointermove", (event) => this.#move(event), options);
    window.addEventListener("pointerup", (event) => this.#lift(event), options);
    window.addEventListener("pointercancel", () => this.#end(), options);
    for (const news of REDRAWN) graph.on(news, this.#draw);
    graph.style.touchAction = "none"; // a finger draws
    graph.style.userSelect = "none";
    this.#draw();
  }

  #leave() {
    if (!this.#graph) return;
    this.#listening.abort();
    for (const news of REDRAWN) this.#graph.removeListener?.(news, this.#draw);
    this.#overlay.remove();
    this.#graph = this.#from = this.#to = null;
  }

  #press(event) {
    const place = this.#placeOf(event);
    if (event.button !== 0 || !event.isPrimary || !this.#isInside(place)) return;
    this.#from = place;
  }

  #move(event) {
    if (!this.#from || !event.isPrimary) return;
    this.#to = this.#placeOf(event);
    this.#draw();
  }

  #lift(event) {
    if (!this.#from || !event.isPrimary) return;
    this.#to = this.#placeOf(event);
    const box = this.#drawn();
    this.#end();
    if (!box) return;
    this.#boxes = [...this.#boxes, { ...box, kind: "drawn" }]; // until the server has said what it is
    this.#draw();
    this.#tell(box);
  }

  #end() {
    this.#from = this.#to = null;
    this.#draw();
  }

  /** The box between the pointer's two places, or null if it is too small for one. */
  #drawn() {
    const { x, y } = axes(this.#graph);
    const [a, b] = [this.#from, this.#to];
    if (!a || !b || Math.abs(a.x - b.x) < LEAST || Math.abs(a.y - b.y) < LEAST) return null;
    const [start, end] = [a.x, b.x].map((px) => time(x, px)).sort((p, q) => p - q);
    const [low, high] = [a.y, b.y].map((px) => frequency(y, px)).sort((p, q) => p - q);
    return { start, end, low, high };
  }

  #placeOf(event) {
    const box = this.#graph.querySelector(".svg-container").getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #isInside(place) {
    const { x, y } = axes(this.#graph);
    return within(x, place.x) && within(y, place.y);
  }

  #draw = () => {
    if (!this.#graph) return;
    const overlay = this.#overlay;
    if (!overlay.isConnected) this.#graph.querySelector(".svg-container")?.append(overlay);
    const drawn = this.#drawn();
    const shown = this.#boxes.flatMap((box, k) => this.#marks(box, String(k + 1)));
    if (drawn) shown.push(...this.#marks({ ...drawn, kind: "drawn" }, ""));
    overlay.replaceChildren(...shown);
    overlay.dataset.count = this.#boxes.length;
  };

  /** What is drawn of a box: its harmonics, dotted, its edge and its number. */
  #marks(box, number) {
    const { x, y } = axes(this.#graph);
    const colour = COLOURS[box.kind];
    const [left, right] = [box.start, box.end].map((s) => clamp(x, pixelOfTime(x, s)));
    const rect = (low, high, style) => {
      const [bottom, top] = [low, high].map((hz) => clamp(y, pixelOfFrequency(y, hz)));
      const place = { x: left, y: top, width: right - left, height: bottom - top };
      return element("rect", { ...place, fill: "none", ...style });
    };
    const marks = [];
    const [centre, reach] = [(box.low + box.high) / 2, (box.high - box.low) / 2];
    for (let n = 2; box.harmonics && n <= MOST_HARMONICS; n += 1) {
      if (n * centre - reach >= y.range[1]) break;
      const dotted = { stroke: colour, "stroke-width": 1, "stroke-dasharray": "2 2" };
      marks.push(rect(n * centre - reach, n * centre + reach, dotted));
    }
    marks.push(rect(box.low, box.high, { stroke: RIM, "stroke-width": 4 }));
    const dash = box.kind === "drawn" ? { "stroke-dasharray": "4 3" } : {};
    marks.push(rect(box.low, box.high, { stroke: colour, "stroke-width": 2, ...dash }));
    if (number) {
      const text = element("text", {
        x: left + LABEL.inset,
        y: clamp(y, pixelOfFrequency(y, box.high)) + LABEL.fontSize + 1,
        "font-size": LABEL.fontSize,
        "font-weight": "bold",
        fill: colour,
        stroke: RIM,
        "stroke-width": 3,
        "paint-order": "stroke",
      });
      text.textContent = number;
      marks.push(text);
    }
    return marks;
  }
}

function takesPart(graph) {
  return graph._fullLayout?.meta?.boxes === true;
}

function axes(graph) {
  return { x: graph._fullLayout.xaxis, y: graph._fullLayout.yaxis };
}

function within(axis, px) {
  return px >= axis._offset && px <= axis._offset + axis._length;
}

function clamp(axis, px) {
  return Math.min(Math.max(px, axis._offset), axis._offset + axis._length);
}

function time(axis, px) {
  const [first, last] = axis.range;
  return first + ((last - first) * (clamp(axis, px) - axis._offset)) / axis._length;
}

function frequency(axis, px) {
  const [low, high] = axis.range;
  return high - ((high - low) * (clamp(axis, px) - axis._offset)) / axis._length;
}

function pixelOfTime(axis, seconds) {
  const [first, last] = axis.range;
  return axis._offset + (axis._length * (seconds - first)) / (last - first);
}

function pixelOfFrequency(axis, hertz) {
  const [low, high] = axis.range;
  return axis._offset + (axis._length * (high - hertz)) / (high - low);
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
