/** Tells the server whether the window is narrower than panels side by side need. */

/** Called by Streamlit at each run of the page that gives the component something new. */
export default function mount({ data: { below, narrow }, setStateValue }) {
  const query = matchMedia(`(width < ${below}px)`);
  const tell = () => {
    if (query.matches !== narrow) setStateValue("narrow", query.matches);
  };
  query.addEventListener("change", tell);
  tell();
  return () => query.removeEventListener("change", tell);
}
