/**
 * Two sounds in one: the channels of a file, mixed to both ears by a slider from one to the other.
 *
 * Conventions: as in player.js, with which this is joined to one module. The weights of the two
 * sounds add up to 1: where they are the same, so is the loudness, wherever the slider is.
 */

const SMOOTH = 0.01; // s in which a weight comes near what it shall be: a jump would click

class Blend {
  #audio; #root; #slider; #ends; // elements
  #names = [];
  #context = null; // made when a sound is played first: browsers want a gesture of the visitor
  #gains = [];
  #failed = !globalThis.AudioContext;

  constructor(shadow, audio, signal) {
    this.#audio = audio;
    this.#root = shadow.querySelector(".blend");
    this.#slider = this.#root.querySelector("input");
    this.#ends = [".first", ".second"].map((end) => this.#root.querySelector(end));
    this.#slider.addEventListener("input", () => this.#balance(), { signal });
    this.#ends.forEach((end, share) => {
      end.addEventListener("click", () => this.#go(share), { signal });
    });
  }

  /** Take the names of the two sounds of the next file, or none where it is one. */
  name(names) {
    this.#names = names;
    this.#ends.forEach((end, i) => (end.textContent = names[i] ?? ""));
    if (names.length) {
      const label = `From ${names[0]} to ${names[1]}`;
      set(this.#root, "aria-label", label);
      set(this.#slider, "aria-label", label);
    }
    this.#balance();
  }

  /** Lead the sound through Web Audio, once, where there are two and the browser has it. */
  start() {
    if (this.#names.length && !this.#context && !this.#failed) this.#connect();
    this.#context?.resume(); // a browser may have made it wait
  }

  /** Whether an element is the slider, which has keys of its own. */
  has(element) {
    return element === this.#slider;
  }

  close() {
    this.#context?.close();
    this.#context = null;
    this.#gains = [];
  }

  #connect() {
    try {
      const context = new AudioContext();
      const splitter = context.createChannelSplitter(2);
      this.#gains = [0, 1].map((channel) => {
        const gain = context.createGain(); // one channel: it goes to both ears
        splitter.connect(gain, channel);
        gain.connect(context.destination);
        return gain;
      });
      this.#context = context;
      this.#balance({ atOnce: true });
      // last, since the sound is heard through the context alone from here on
      context.createMediaElementSource(this.#audio).connect(splitter);
    } catch {
      this.#failed = true; // then the two sounds are heard left and right
      this.close();
      this.#balance();
    }
  }

  #go(share) {
    this.#slider.value = share;
    this.#balance();
  }

  #balance({ atOnce = false } = {}) {
    const two = this.#names.length > 0;
    const share = Number(this.#slider.value);
    this.#root.hidden = !two;
    this.#slider.hidden = this.#failed;
    this.#slider.style.setProperty("--share", share);
    const percent = Math.round(100 * share);
    set(this.#slider, "aria-valuetext", `${percent} % ${this.#names[1]}`);
    this.#ends.forEach((end, i) => {
      end.disabled = this.#failed;
      if (this.#failed && two) end.textContent = `${["left", "right"][i]}: ${this.#names[i]}`;
      set(end, "aria-pressed", String(!this.#failed && share === i));
    });
    const weights = two ? [1 - share, share] : [1, 0]; // of one sound there is no second channel
    this.#gains.forEach(({ gain }, i) => {
      const now = this.#context.currentTime;
      if (atOnce) gain.setValueAtTime(weights[i], now);
      else gain.setTargetAtTime(weights[i], now, SMOOTH);
    });
  }
}
