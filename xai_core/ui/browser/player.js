/**
 * The player of a note, and a line that follows its sound over the panels of the page.
 *
 * Conventions: times are seconds of the note, lengths CSS pixels. A Plotly figure takes part
 * if `layout.meta.playhead` lists its time axes. Nothing is ever sent to the server. Joined with
 * blend.js, loop.js, panels.js and crosshair.js to one module.
 */

const STEP = 0.1; // s, an arrow key
const LEAP = 0.5; // s, an arrow key with shift
const TICK = 250; // ms between looks at a page where nothing moves
const KEYS = "Space ArrowLeft ArrowRight Home End L [ ]";

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
  #blend; #loop;
  #bytes = new Uint8Array();
  #note = ""; // digest of its samples
  #url = "";
  #frame = 0;
  #listening = new AbortController();
  #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #figures = new Figures(this);
  #ticking = setInterval(() => this.#tick(), TICK);
  #last = 0; // s, where the sound was when it was looked at last

  constructor(shadow) {
    this.#root = shadow.querySelector(".player");
    this.#audio = shadow.querySelector("audio");
    this.#button = shadow.querySelector(".main");
    this.#slider = shadow.querySelector(".seek");
    this.#clock = shadow.querySelector(".clock");
    this.#blend = new Blend(shadow, this.#audio, this.#listening.signal);
    this.#loop = new Loop(shadow, this.#listening.signal, () => this.#looped());
    set(this.#slider, "aria-keyshortcuts", KEYS);
    const { signal } = this.#listening;
    this.#button.addEventListener("click", () => this.toggle(), { signal });
    this.#slider.addEventListener("input", () => this.seek(Number(this.#slider.value)), { signal });
    this.#root.addEventListener("keydown", (event) => this.obey(event), { signal });
    this.#audio.addEventListener("play", () => this.#play(), { signal });
    this.#audio.addEventListener("ended", () => this.#ended(), { signal });
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
    if (plays) this.#start();
    else this.#audio.pause();
  }

  toggle() {
    if (!this.#audio.paused) return this.#audio.pause();
    if (this.#loop.on && !this.#loop.holds(this.state.time)) this.seek(this.#loop.from);
    this.#start();
  }

  seek(time) {
    // a file that is not read yet has no end; the browser keeps the time for when it has
    this.#audio.currentTime = Math.min(Math.max(time, 0), this.#audio.duration || time);
    this.#last = this.#audio.currentTime;
    this.#show();
  }

  /** Take the seconds that the panels show for those that are looped. */
  follow(first, last) {
    if (this.#loop.follow(first, last)) this.#looped();
  }

  /** Do what a key says; leave other keys to the browser. */
  obey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = event.shiftKey ? LEAP : STEP;
    const { time } = this.state;
    const end = this.#loop.endOf(event.target);
    if (end >= 0 && this.#moves(end, event.key, step)) return event.preventDefault();
    if (event.key === " ") {
      if (event.target instanceof HTMLButtonElement) return; // which does it by itself
      if (!event.repeat) this.toggle();
    } else if (this.#blend.has(event.target)) return;
    else if (event.key === "ArrowLeft") this.seek(time - step);
    else if (event.key === "ArrowRight") this.seek(time + step);
    else if (event.key === "Home") this.seek(0);
    else if (event.key === "End") this.seek(this.#duration);
    else if (event.key.toLowerCase() === "l") {
      this.#loop.toggle();
      this.#looped();
    } else if (this.#loop.on && "[]".includes(event.key)) {
      this.#loop.move("[]".indexOf(event.key), time);
      this.#looped();
    } else return;
    event.preventDefault();
  }

  /** Move an end of the loop by a key; false where the key has no such meaning. */
  #moves(end, key, step) {
    const loop = this.#loop;
    const now = end ? loop.to : loop.from;
    const places = {
      ArrowLeft: now - step,
      ArrowDown: now - step,
      ArrowRight: now + step,
      ArrowUp: now + step,
      Home: 0,
      End: this.#duration,
    };
    if (!(key in places)) return false;
    loop.move(end, places[key]);
    this.#looped();
    return true;
  }

  /** Fall silent and leave nothing behind on the page. */
  close() {
    clearInterval(this.#ticking);
    cancelAnimationFrame(this.#frame);
    this.#listening.abort();
    this.#figures.leave();
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

  #start() {
    if (this.#audio.currentTime >= this.#audio.duration) this.seek(0);
    this.#blend.start();
    // refused when another note comes first, and the button shows that nothing plays
    this.#audio.play().catch(() => this.#show());
  }

  #play() {
    this.#show();
    this.#follow();
  }

  /** The loop was begun, ended or moved: a sound outside of it goes to its beginning. */
  #looped() {
    if (this.#loop.on && !this.#loop.holds(this.state.time)) this.seek(this.#loop.from);
    this.#follow();
  }

  /** Go back to the beginning of the loop when its end is reached. */
  #repeat() {
    const { time, plays } = this.state;
    const passed = this.#last < this.#loop.to && time >= this.#loop.to;
    this.#last = time;
    if (this.#loop.on && plays && passed) this.seek(this.#loop.from);
  }

  /** Go on with the loop at the end of the note, where the browser stops. */
  #ended() {
    if (!this.#loop.on) return;
    if (this.#audio.ended) this.seek(this.#loop.from); // else it went back at the last moment
    if (this.#audio.paused) this.#start();
  }

  #tick() {
    this.#repeat();
    this.#show();
  }

  /** Show each frame while the sound plays; who wants little motion gets the ticks alone. */
  #follow() {
    cancelAnimationFrame(this.#frame);
    this.#repeat();
    if (!this.#calm.matches) this.#show();
    if (this.#audio.paused || (this.#calm.matches && !this.#loop.on)) return;
    this.#frame = requestAnimationFrame(() => this.#follow());
  }

  #show() {
    const { time, plays } = this.state;
    const duration = this.#duration;
    this.#root.toggleAttribute("data-playing", plays);
    set(this.#button, "aria-label", plays ? "Pause" : "Play");
    if (duration) this.#slider.max = duration;
    this.#loop.draw(duration);
    this.#slider.value = time;
    this.#slider.style.setProperty("--share", duration ? time / duration : 0);
    const [now, end] = [time.toFixed(1), (duration || Number(this.#slider.max)).toFixed(1)];
    set(this.#slider, "aria-valuetext", `${now} of ${end} seconds`);
    this.#clock.textContent = `${now} / ${end} s`;
    const touched = plays || time > 0 || this.#audio.played.length > 0;
    this.#figures.draw(touched ? time : NaN);
  }
}

function set(element, name, text) {
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}
