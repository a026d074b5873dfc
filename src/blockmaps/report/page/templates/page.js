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

// ---- the runs: words and study

const filter = document.getElementById("filter");
const study = document.getElementById("study");

if (filter) {
  const rows = [...document.getElementById("runs-table").tBodies[0].rows].map((row) => [
    row,
    [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase(),
  ]);
  const shown = document.getElementById("shown");

  const show = () => {
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
  filter.addEventListener("input", show);
  study.addEventListener("change", show);

  for (const link of document.querySelectorAll("a[data-study]")) {
    link.addEventListener("click", () => {
      study.value = link.dataset.study;
      filter.value = "";
      show();
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
  window.vegaEmbed(place, spec, {
    actions: false,
    config,
    renderer: "svg",
    tooltip: { theme: isDark() ? "dark" : "light" },
  });
}

panel?.addEventListener("change", drawPlot);
showTheme();

// ---- a link into something closed opens it

function open() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
}
addEventListener("hashchange", open);
open();
