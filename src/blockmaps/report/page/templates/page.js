// Theme, sorting, filtering and the interactive plot. Without it the page is whole but still.

const root = document.documentElement;
const minus = /^−/;

// ---- theme: the system's, unless the reader has chosen; the choice is remembered

const themeButton = document.getElementById("theme");
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);

function showTheme() {
  themeButton.setAttribute("aria-pressed", String(isDark()));
  drawPlot();
}

themeButton.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("blockmaps-theme", root.dataset.theme);
  } catch {
    // a browser may forbid it to a page from disk: the choice then lasts as long as the page
  }
  showTheme();
});
systemDark.addEventListener("change", showTheme);

// ---- tables that sort: each heading becomes a button

function sortValue(cell) {
  const text = (cell.dataset.value ?? cell.textContent).trim();
  const value = Number(text.replace(minus, "-").replaceAll(",", ""));
  return text === "" || Number.isNaN(value) ? text : value;
}

function compare(one, two) {
  const numbers = typeof one === "number" && typeof two === "number";
  if (numbers) return one - two;
  if (one === "" || two === "") return one === "" ? 1 : -1; // what is missing comes last
  return String(one).localeCompare(String(two), "en", { numeric: true });
}

function sortBy(table, heading) {
  const down = heading.getAttribute("aria-sort") === "ascending";
  const column = heading.cellIndex;
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [sortValue(row.cells[column]), row]);
  rows.sort(([one], [two]) => {
    const empty = one === "" || two === "";
    return empty || !down ? compare(one, two) : compare(two, one);
  });
  body.append(...rows.map(([, row]) => row));
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sortBy(table, heading));
  }
}

// ---- the address: #place&filter=words&study=name&panel=name, so that a view can be sent

function asked() {
  const [place, ...rest] = location.hash.slice(1).split("&");
  return [decodeURIComponent(place), new URLSearchParams(rest.join("&"))];
}

function tell(place, changes) {
  const [, values] = asked();
  for (const [name, value] of Object.entries(changes)) {
    if (value) values.set(name, value);
    else values.delete(name);
  }
  const query = values.toString();
  history.replaceState(null, "", `#${place}${query && "&"}${query}`);
}

// ---- downloads: a figure as it is here, a table as CSV

function give(name, address) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

for (const link of document.querySelectorAll("a[data-figure]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    give(`${link.dataset.figure}.svg`, link.closest("figure").querySelector("img").src);
  });
}

const quoted = (cell) => {
  const text = cell.textContent.trim().replace(minus, "-");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

for (const table of document.querySelectorAll("main table")) {
  const button = document.createElement("button");
  const name = table.caption?.textContent.trim() || "table";
  button.type = "button";
  button.className = "download";
  button.textContent = "Download as CSV";
  button.setAttribute("aria-label", `Download as CSV: ${name}`);
  button.addEventListener("click", () => {
    const rows = [...table.rows].filter((row) => !row.hidden);
    const text = rows.map((row) => [...row.cells].map(quoted).join(",")).join("\n");
    const address = URL.createObjectURL(new Blob([text + "\n"], { type: "text/csv" }));
    give(`${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.csv`, address);
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  });
  table.closest(".scrolled").after(button);
}

// ---- the runs: words and study

const filter = document.getElementById("filter");
const study = document.getElementById("study");
let narrow = () => {};

if (filter) {
  const rows = [...document.getElementById("runs-table").tBodies[0].rows].map((row) => [
    row,
    [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase(),
  ]);
  const shown = document.getElementById("shown");

  narrow = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, text] of rows) {
      const fits =
        (!study.value || row.dataset.study === study.value) &&
        words.every((word) => text.includes(word));
      row.hidden = !fits;
      count += fits;
    }
    const all = rows.length.toLocaleString("en");
    const some = count.toLocaleString("en");
    shown.value = count === rows.length ? `${all} runs` : `${some} of ${all} runs`;
  };
  const changed = () => {
    narrow();
    tell("runs", { filter: filter.value, study: study.value });
  };
  filter.addEventListener("input", changed);
  study.addEventListener("change", changed);

  for (const link of document.querySelectorAll("a[data-study]")) {
    link.addEventListener("click", () => {
      link.href = `#runs&${new URLSearchParams({ study: link.dataset.study })}`;
    });
  }
}

// ---- the plot

const place = document.getElementById("plot");
const panel = document.getElementById("panel");
const data = place && JSON.parse(document.getElementById("plot-data").textContent);

function resolved(name) {
  place.style.color = `var(${name})`;
  const color = getComputedStyle(place).color;
  place.style.color = "";
  return color;
}

function drawPlot() {
  if (!place) return;
  const spec = structuredClone(data.spec);
  spec.encoding.color.scale.range = isDark() ? data.dark : data.light;
  spec.params[0].value = panel.value;
  const [ink, quiet, line] = ["--ink", "--quiet", "--line"].map(resolved);
  const font = getComputedStyle(panel).fontFamily;
  const config = {
    background: "transparent",
    font,
    view: { stroke: null },
    axis: {
      domainColor: quiet,
      gridColor: line,
      labelColor: quiet,
      labelFontSize: 12,
      tickColor: quiet,
      titleColor: ink,
      titleFontSize: 12,
      titleFontWeight: "normal",
    },
    legend: { labelColor: ink, labelFontSize: 12 },
  };
  spec.encoding.color.legend.columns = place.clientWidth < 480 ? 3 : 8;
  spec.encoding.shape.legend.columns = spec.encoding.color.legend.columns;
  window
    .vegaEmbed(place, spec, {
      actions: false,
      config,
      renderer: "svg",
      tooltip: { theme: isDark() ? "dark" : "light" },
    })
    .then((made) => {
      view = made.view;
      reached = -1;
    });
}

// ---- the plot by keyboard: arrow keys go from run to run, by hidden proportion

let view = null;
let reached = -1;
const point = document.getElementById("point");

document.getElementById("keys")?.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step || !view) return;
  event.preventDefault();
  const runs = data.spec.data.values
    .filter((run) => run.panel === panel.value)
    .sort((one, two) => one.proportion - two.proportion || one.score - two.score);
  reached = (reached + step + runs.length) % runs.length;
  const run = runs[reached];
  view.signal("at", run.key).runAsync();
  point.value =
    `${reached + 1} of ${runs.length}: ${run.structure}, arm ${run.arm}, seed ${run.seed}, ` +
    `hidden proportion ${run.proportion}, ${data.spec.encoding.y.title} ${run.score}`;
});

panel?.addEventListener("change", () => {
  drawPlot();
  tell("figure-every-run", { panel: panel.value });
});
showTheme();

// ---- what the address asks for: a filter, a panel, a place, opened if it is closed

function follow() {
  const [place_of, values] = asked();
  if (filter && (values.has("filter") || values.has("study"))) {
    filter.value = values.get("filter") ?? "";
    study.value = values.get("study") ?? "";
    narrow();
  }
  if (panel && values.has("panel") && panel.value !== values.get("panel")) {
    panel.value = values.get("panel");
    drawPlot();
  }
  const target = place_of && document.getElementById(place_of);
  if (!target) return;
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  const own = target.querySelector(":scope > details");
  if (own) own.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", follow);
follow();

// ---- on paper evidence is open, but for commands, cells of tables and what was not tested

const folded = new Set();
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details:not([open], .made, .cells, .untested, .untested details)")) {
    one.open = true;
    folded.add(one);
  }
});
addEventListener("afterprint", () => {
  for (const one of folded) one.open = false;
  folded.clear();
});
