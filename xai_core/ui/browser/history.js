/**
 * Keeps one entry of the browser's history for each choice of the visitor.
 *
 * Streamlit adds an entry at each change of the address. Here the first change that follows a
 * click, a key or a change of page adds one; the others replace the address: they are what
 * the page fills in, or what else the same choice changes.
 */

const KEEPER = Symbol.for("timbrelens history");

function keep() {
  if (window[KEEPER]) return;
  window[KEEPER] = true;
  let chosen = false; // whether the visitor did something since the last entry
  const push = history.pushState;
  for (const kind of ["pointerup", "keydown"]) {
    const note = (event) => {
      const leads = event.target.closest?.("a"); // to another page, which adds an entry anyway
      chosen ||= event.isTrusted && !leads;
    };
    window.addEventListener(kind, note, true);
  }
  window.addEventListener("popstate", () => {
    chosen = false;
  });
  history.pushState = function (state, title, address) {
    const path = new URL(address ?? "", location.href).pathname;
    const adds = chosen || path !== location.pathname;
    chosen = false;
    (adds ? push : history.replaceState).call(history, state, title, address);
  };
}

/** Called by Streamlit when the component is drawn. */
export default function mount() {
  keep();
}
