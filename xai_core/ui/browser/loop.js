/**
 * The stretch of the note that is played over and over, with a handle at each end.
 *
 * Conventions: as in player.js, with which this is joined to one module. It is what the panels
 * show; when they are zoomed it follows, and its handles change it until they are zoomed again.
 */

const SHORTEST = 0.1; // s

class Loop {
  #button; #root; #handles; // elements
  #stretch = [0, NaN]; // s, in order; NaN for the end of the note
  #shown = [0, NaN]; // what the panels show
  #duration = NaN;

  /** `changed` is called when the loop begins, ends or is moved by the visitor. */
  constructor(shadow, signal, changed) {
    this.#button = shadow.querySelector(".repeat");
    this.#root = shadow.querySelector(".stretch");
    this.#handles = [".from", ".to"].map((end) => this.#root.querySelector(end));
    this.#button.title = "Loop what the panels show (L)";
    set(this.#button, "aria-keyshortcuts", "L");
    this.#button.addEventListener("click", () => (this.toggle(), changed()), { signal });
    this.#handles.forEach((handle, end) => {
      const moved = () => (this.move(end, Number(handle.value)), changed());
      handle.addEventListener("input", moved, { signal });
    });
  }

  get on() {
    return !this.#root.hidden;
  }

  get from() {
    return this.#stretch[0];
  }

  get to() {
    const [, to] = this.#stretch;
    return Number.isNaN(to) ? this.#duration : to;
  }

  /** Whether a time, or what follows it, is played over and over. */
  holds(time) {
    return time >= this.from && time < this.to;
  }

  toggle() {
    this.#root.hidden = this.on;
    set(this.#button, "aria-pressed", String(this.on));
    this.draw(this.#duration);
  }

  /** Take what the panels show from now on, in s; false where it is what they showed before. */
  follow(first, last) {
    const shown = [Math.max(first, 0), last < this.#duration ? last : NaN];
    if (shown.every((time, end) => Object.is(time, this.#shown[end]))) return false;
    this.#shown = shown;
    this.#stretch = [...shown];
    this.draw(this.#duration);
    return true;
  }

  /** Move one end, 0 or 1, to a time; the other stays. */
  move(end, time) {
    const farthest = end ? this.from + SHORTEST : this.to - SHORTEST;
    const within = end ? Math.max(time, farthest) : Math.min(time, farthest);
    this.#stretch[end] = Math.min(Math.max(within, 0), this.#duration || within);
    this.draw(this.#duration);
  }

  /** Which end an element moves, 0 or 1; -1 for none. */
  endOf(element) {
    return this.#handles.indexOf(element);
  }

  /** Show the stretch in a note of so many seconds. */
  draw(duration) {
    this.#duration = duration;
    if (!this.on || !duration) return;
    [this.from, this.to].forEach((time, end) => {
      const handle = this.#handles[end];
      handle.max = duration;
      handle.value = time;
      set(handle, "aria-valuetext", `${time.toFixed(1)} seconds`);
      this.#root.style.setProperty(end ? "--to" : "--from", time / duration);
    });
    // of two handles at one end of the bar, the one that can move away lies above
    this.#handles[0].style.zIndex = this.from > duration / 2 ? 1 : 0;
  }
}
