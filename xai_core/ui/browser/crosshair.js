/**
 * Where the pointer is over one panel, shown over all: its time in each, its bin in those that
 * have the same bins, and the value there, as Plotly says it in the panel of the pointer.
 *
 * Conventions: as in playhead.js, with which this is joined to one module.
 */

const HAIR = {
  position: "absolute",
  background: "#fff",
  boxShadow: "0 0 0 0.5px rgba(0, 0, 0, 0.7)", // seen on every colour map
};
const TAG = {
  position: "absolute",
  padding: "0 4px",
  borderRadius: "2px",
  background: "rgba(0, 0, 0, 0.75)",
  color: "#fff",
  fontSize: "12px",
  whiteSpace: "nowrap",
};
const ASIDE = 5; // px from the crossing to its tag

class Crosshair {
  #graph; #overlay;

  constructor(graph, signal) {
    this.#graph = graph;
    this.#overlay = newBox({ ...OVERLAY, display: "none" });
    this.#overlay.className = "crosshair";
    this.#overlay.setAttribute("aria-hidden", "true"); // every value is in the tables below
    const name = (event) => nameNote(graph, event);
    graph.on("plotly_beforehover", name);
    graph.addEventListener("pointermove", (event) => this.#follow(event), { signal });
    graph.addEventListener("pointerleave", () => this.hide(), { signal });
    signal.addEventListener("abort", () => {
      graph.removeListener?.("plotly_beforehover", name);
      this.#overlay.remove();
    });
  }

  hide() {
    this.#overlay.style.display = "none";
  }

  #follow(event) {
    const axes = timeAxes(this.#graph);
    const place = placeOf(event, this.#graph, axes);
    if (!place || event.buttons || event.pointerType === "touch") return this.hide();
    const marks = axes.filter((axis) => axis !== place.axis).flatMap((a) => this.#marks(a, place));
    this.#overlay.replaceChildren(...marks);
    this.#overlay.style.display = "block";
    if (!this.#overlay.isConnected) this.#graph.querySelector(".svg-container")?.append(this.#overlay);
  }

  /** What is drawn over the panel of a time axis. */
  #marks(axis, { axis: pointed, time, y: pointedAt, binned }) {
    const { top, height } = heightOf(this.#graph, axis);
    const x = pixel(axis, time);
    const upright = { left: `${x}px`, width: "1px", top: `${top}px`, height: `${height}px` };
    const marks = [newBox({ ...HAIR, ...upright })];
    const bins = binAxis(this.#graph, axis);
    if (!binned || !bins) return marks;
    const y = pointedAt - heightOf(this.#graph, pointed).top + top;
    const level = { top: `${y}px`, height: "1px", left: `${axis._offset}px`, width: `${axis._length}px` };
    marks.push(newBox({ ...HAIR, ...level }));
    const text = valueAt(this.#graph, axis, bins, time, y);
    if (text) {
      const beyond = x > axis._offset + axis._length / 2; // then it stands on the other side
      const above = y > top + height / 2;
      const tag = newBox({ ...TAG, left: `${x + (beyond ? -ASIDE : ASIDE)}px` });
      tag.style.top = `${y + (above ? -ASIDE : ASIDE)}px`;
      tag.style.transform = `translate(${beyond ? "-100%" : "0"}, ${above ? "-100%" : "0"})`;
      tag.textContent = text;
      marks.push(tag);
    }
    return marks;
  }
}

/** The bin axis of a panel, if it is the one that panels share. */
function binAxis(graph, timeAxis) {
  const axis = graph._fullLayout[`yaxis${timeAxis.anchor.slice(1)}`];
  return axis?._id === "y" || axis?.matches === "y" ? axis : null;
}

/** The value of the map of a panel at a time and a height, with its unit; "" where there is none. */
function valueAt(graph, timeAxis, bins, time, y) {
  const traces = graph._fullData ?? [];
  const number = traces.findIndex(
    (t) => t.type === "heatmap" && t.xaxis === timeAxis._id && t.yaxis === bins._id,
  );
  const map = graph.calcdata?.[number]?.[0];
  if (!map?.z) return "";
  const row = cell(map.y, bins.p2c(y - bins._offset));
  const value = map.z[row]?.[cell(map.x, time)];
  if (!Number.isFinite(value)) return "";
  const unit = /%\{z[^}]*\}([^<]*)</.exec(traces[number].hovertemplate)?.[1] ?? "";
  return `${String(Number(value.toPrecision(3))).replace("-", "−")}${unit}`;
}

/**
 * Make Plotly say the note beside the frequency of the bin that is pointed at.
 *
 * A template of Plotly cannot look it up, and a text for each bin of each frame would be larger
 * than the map. `layout.meta.notes` has the names of the bins of an axis in hertz.
 */
function nameNote(graph, event) {
  const notes = graph._fullLayout.meta?.notes;
  const place = notes && placeOf(event, graph, timeAxes(graph));
  const bins = place && binAxis(graph, place.axis);
  if (!bins) return;
  const at = (bins.p2c(place.y - bins._offset) - notes.start) / notes.step;
  const name = notes.names[Math.round(at)];
  graph._fullData.forEach((trace, number) => {
    if (trace.yaxis !== bins._id || trace.type !== "heatmap") return;
    const template = graph.data[number].hovertemplate;
    trace.hovertemplate = name ? template.replace("<br>", ` (${name})<br>`) : template;
  });
}

/** Which stretch between two edges a position lies in. */
function cell(edges, position) {
  return edges.findIndex((edge, i) => position >= edge && position < edges[i + 1]);
}
