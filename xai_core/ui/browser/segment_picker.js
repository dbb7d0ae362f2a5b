/**
 * The waveform of a recording, and on it the window that is explained, which can be moved.
 *
 * Conventions: times are seconds of the recording. Where the window begins goes to the server
 * when it is let go, never while it moves.
 */

const SMALL = 1; // steps, an arrow key
const LARGE = 10; // steps, an arrow key with shift
const PAGE = 20; // steps, page up and page down
const PATIENCE = 250; // ms after the last key until the server is told
const TICKS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120]; // s between two, the first that leaves ten

const recordings = new WeakMap(); // by the shadow root that Streamlit gives a component

/** Called by Streamlit at each run of the page that gives the component something new. */
export default function mount({ data, parentElement, setStateValue }) {
  const recording = recordings.get(parentElement) ?? new Recording(parentElement);
  recordings.set(parentElement, recording);
  recording.take(data, (start) => setStateValue("start", start));
  const call = (recording.calls += 1);
  return () => {
    // a call that another one has overtaken is cleaned up too, and must not end the recording
    if (recording.calls === call) {
      recordings.delete(parentElement);
      recording.close();
    }
  };
}

class Recording {
  calls = 0;
  #area; #path; #svg; #window; #ticks; #caption; // elements
  #id = null;
  #start = 0;
  #told = 0;
  #tell = () => {};
  #grip = null; // s from the window's start to the pointer that drags it
  #waiting = 0;
  #listening = new AbortController();

  constructor(shadow) {
    this.#area = shadow.querySelector(".area");
    this.#svg = shadow.querySelector("svg");
    this.#path = shadow.querySelector("path");
    this.#window = shadow.querySelector(".window");
    this.#ticks = shadow.querySelector(".ticks");
    this.#caption = shadow.querySelector("figcaption");
    const { signal } = this.#listening;
    const listen = (news, act) => this.#area.addEventListener(news, act, { signal });
    listen("pointerdown", (event) => this.#press(event));
    listen("pointermove", (event) => this.#drag(event));
    listen("pointerup", () => this.#lift());
    listen("pointercancel", () => this.#lift());
    this.#window.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  /** Show this recording; where the window of a known one is, the visitor has decided. */
  take({ id, envelope, duration, length, step, start }, tell) {
    this.#tell = tell;
    if (id === this.#id) return;
    Object.assign(this, { duration, length, step });
    this.#id = id;
    this.#start = this.#told = start;
    // a recording shorter than the window ends where it ends on the axis
    const columns = (envelope.length * this.#span) / duration;
    this.#svg.setAttribute("viewBox", `0 -100 ${columns} 200`);
    this.#path.setAttribute("d", outline(envelope));
    this.#drawTicks();
    const movable = this.latest > 0;
    this.#area.classList.toggle("movable", movable);
    this.#window.setAttribute("role", movable ? "slider" : "img");
    this.#window.setAttribute("tabindex", movable ? "0" : "-1");
    this.#window.setAttribute("aria-label", `The ${length} s that are explained`);
    if (movable) {
      this.#window.setAttribute("aria-valuemin", "0");
      this.#window.setAttribute("aria-valuemax", this.latest.toFixed(2));
    }
    this.#show();
  }

  /** Latest start of the window. */
  get latest() {
    const latest = this.duration - this.length;
    return latest < this.step ? 0 : Math.floor(100 * latest + 1e-6) / 100;
  }

  close() {
    clearTimeout(this.#waiting);
    this.#listening.abort();
  }

  get #span() {
    return Math.max(this.duration, this.length);
  }

  #timeAt(event) {
    const box = this.#area.getBoundingClientRect();
    return (this.#span * (event.clientX - box.left)) / box.width;
  }

  #press(event) {
    if (event.button !== 0 || this.latest === 0) return;
    const time = this.#timeAt(event);
    const inside = time >= this.#start && time <= this.#start + this.length;
    this.#grip = inside ? time - this.#start : this.length / 2;
    this.#area.setPointerCapture(event.pointerId);
    this.#area.classList.add("dragged");
    this.#window.focus({ preventScroll: true });
    event.preventDefault();
    this.#drag(event);
  }

  #drag(event) {
    if (this.#grip !== null) this.#move(this.#timeAt(event) - this.#grip);
  }

  #lift() {
    if (this.#grip === null) return;
    this.#grip = null;
    this.#area.classList.remove("dragged");
    this.#report();
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || this.latest === 0) return;
    const step = this.step * (event.shiftKey ? LARGE : SMALL);
    const places = {
      ArrowLeft: this.#start - step,
      ArrowDown: this.#start - step,
      ArrowRight: this.#start + step,
      ArrowUp: this.#start + step,
      PageDown: this.#start - this.step * PAGE,
      PageUp: this.#start + this.step * PAGE,
      Home: 0,
      End: this.latest,
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    this.#move(places[event.key]);
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#report(), PATIENCE);
  }

  /** Put the window where it fits, on a step; the last place need not be one. */
  #move(start) {
    const stepped = Number((Math.round(start / this.step) * this.step).toFixed(2));
    this.#start = start >= this.latest ? this.latest : Math.max(0, stepped);
    this.#show();
  }

  #report() {
    if (this.#start === this.#told) return;
    this.#told = this.#start;
    this.#tell(this.#start);
  }

  #show() {
    const [start, end] = [this.#start, Math.min(this.#start + this.length, this.#span)];
    this.#window.style.left = `${(100 * start) / this.#span}%`;
    this.#window.style.width = `${(100 * (end - start)) / this.#span}%`;
    this.#window.setAttribute("aria-valuenow", start.toFixed(2));
    const words = `${start.toFixed(2)} to ${end.toFixed(2)} s`;
    this.#window.setAttribute("aria-valuetext", words);
    const how = this.latest > 0 ? " Drag the window, or move it with the arrow keys." : "";
    this.#caption.textContent = `Explained: ${words}.${how}`;
  }

  #drawTicks() {
    const span = this.#span;
    const step = TICKS.find((one) => span / one <= 10) ?? TICKS.at(-1);
    const times = Array.from({ length: Math.floor(span / step) + 1 }, (_, k) => k * step);
    this.#ticks.replaceChildren(
      ...times.map((time) => {
        const tick = document.createElement("span");
        tick.style.left = `${(100 * time) / span}%`;
        if (time === 0) tick.className = "first";
        if (time > 0.97 * span) tick.className = "last"; // or it would stick out
        tick.textContent = time === 0 ? "0 s" : String(time);
        return tick;
      }),
    );
  }
}

/** The outline of pairs (lowest, highest), in percent of the loudest sample, left to right. */
function outline(envelope) {
  const above = envelope.map(([, high], k) => `${k + 0.5},${-high}`);
  const below = envelope.map(([low], k) => `${k + 0.5},${-low}`).reverse();
  return `M${[...above, ...below].join("L")}Z`;
}
