"""The page in a browser, from disk: it asks for nothing, and everyone can read and work it."""

import itertools
import os
import re
import shutil
from pathlib import Path

import pytest

from blockmaps.report import redraw
from blockmaps.report.page import build
from blockmaps.results import runs as table_of_runs

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
WIDE, NARROW = (1280, 900), (375, 740)
RGB = re.compile(r"rgb\((\d+), (\d+), (\d+)\)")

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed (apt-get install chromium)"
)


@pytest.fixture(scope="module")
def address(results, tmp_path_factory):
    file = tmp_path_factory.mktemp("browser") / "report.html"
    build.write([results], file)
    return file.as_uri()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # its sandbox does not work for root, whom containers run as
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        started = playwright.chromium.launch(executable_path=BROWSER, args=sandbox)
        yield started
        started.close()


@pytest.fixture
def opened(browser, address):
    """Open the page: opened(size, ...) → the page, with `faults` and `asked` on it."""
    contexts = []

    def visit(size=WIDE, where="", **options):
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), size, strict=True)), offline=True, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.faults, page.asked = [], []
        page.on("console", lambda said: page.faults.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda fault: page.faults.append(str(fault)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(address + where)
        return page

    yield visit
    for context in contexts:
        context.close()


# Lines of text that lie on another's, or are cut where no ellipsis says so.
STUMBLES = """() => {
  const found = [], lines = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, one = node.parentElement;
    if (!node.data.trim() || one.closest("script, style, .unseen, .skip, #runs-table")) continue;
    if (!one.checkVisibility({ opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) lines.push([node.data.trim().slice(0, 40), box, one]);
  }
  lines.forEach(([text, a, one], place) => {
    const cut = a.right > innerWidth + 1 || a.left < -1;
    const scrolls = one.closest(".scrolled, pre");
    const dots = [one, one.parentElement].some(
      (e) => getComputedStyle(e).textOverflow === "ellipsis"
    );
    if (cut && !scrolls && !dots) found.push(`${text} is cut`);
    for (const [other, b, its] of lines.slice(place + 1, place + 60)) {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const room = 0.35 * Math.min(a.height, b.height);  // a line's box is higher than its letters
      if (wide > 1 && high > room && !scrolls && !dots) found.push(`${text} lies on ${other}`);
    }
  });
  return found;
}"""


def open_all(page):
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


def texts(locator) -> list[str]:
    """The texts of what is shown of it."""
    return [one.inner_text() for one in locator.all() if one.is_visible()]


def brightness(page, what="body") -> float:
    color = page.evaluate(f"getComputedStyle(document.querySelector('{what}')).backgroundColor")
    return sum(map(int, RGB.match(color).groups())) / 3


def test_it_loads_from_disk_and_asks_for_nothing(opened, address):
    page = opened()
    page.locator("#plot svg").wait_for()
    assert page.faults == []
    assert [url for url in page.asked if not url.startswith("data:")] == [address]
    assert page.title() == "small · blockmaps"


def test_verdicts_come_first_and_open_to_their_evidence(opened):
    page = opened()
    first = page.locator("main section").first
    assert first.get_by_role("heading", level=2).inner_text() == "Verdicts"
    words = ["supported", "contradicted", "inconclusive", "not tested at this scale"]
    # one line a claim, with the rest folded
    (claim,) = page.locator("article.claim").all()
    assert claim.bounding_box()["height"] < 60
    assert texts(page.locator(".verdict > summary .badge")) == []
    claim.locator("> details > summary").press("Enter")
    page.locator(".untested > summary").press("Enter")
    assert texts(page.locator(".verdict > summary .badge")) == words
    # told apart without colour: by word, and by the shape of the mark
    shapes = {use.get_attribute("href") for use in page.locator(".verdict > summary use").all()}
    assert len(shapes) == len(words)
    assert not page.get_by_text("lower bound above 1 of all", exact=True).first.is_visible()
    page.locator(".verdict > summary").first.press("Enter")
    assert page.get_by_text("lower bound above 1 of all", exact=True).first.is_visible()
    assert page.locator(".axes .unit").inner_text() == "percentage points"
    page.locator(".verdict .cells > summary").first.press("Enter")
    assert "percentage points" in page.locator(".verdict .cells").first.inner_text()


def test_every_figure_has_a_text_that_says_what_is_found(opened):
    page = opened()
    page.locator("#plot svg").wait_for()
    open_all(page)
    findings = texts(page.locator("figure h3"))
    images = page.locator("img").all()
    assert len(images) == 2
    for image in images:
        text = image.get_attribute("alt")
        assert any(text.startswith(finding.rstrip(".")) for finding in findings), text
    for drawn in page.locator("[role=img]").all():
        assert len(drawn.get_attribute("aria-label")) > 10
    unnamed = "svg:not([role=img]):not([aria-hidden=true])"
    inside = "[role=img] svg"  # presentational there
    assert page.locator(unnamed).count() == page.locator(inside).count()
    shown = page.evaluate("[...document.images].every(image => image.naturalWidth > 300)")
    assert shown, "a picture could not be drawn"


def test_the_filter_leaves_what_has_every_word(opened, results):
    page = opened()
    rows = page.locator("#runs-table tbody tr")
    table = table_of_runs.read(results / "runs.parquet").drop_duplicates(["experiment", "key"])
    assert rows.count() == len(table)
    assert page.locator("#shown").inner_text() == f"{len(table)} runs"
    page.locator("#filter").fill("UNIFORM-0.5 4000")
    own = table[table["structure"] == "uniform-0.5"]
    assert 0 < len(own) < len(table)
    assert page.locator("#shown").inner_text() == f"{len(own)} of {len(table)} runs"
    visible = page.locator("#runs-table tbody tr:visible")
    assert all("uniform-0.5" in text for text in texts(visible))
    assert visible.count() == len(own)
    page.locator("#filter").fill("nothing is called so")
    assert visible.count() == 0
    page.locator("#filter").fill("")
    page.locator("#study").select_option("continuum")
    own = table[table["study"] == "continuum"]
    assert visible.count() == len(own)


def test_a_figure_leads_to_the_runs_behind_it(opened, results):
    page = opened()
    page.locator("#filter").fill("nothing is called so")
    page.locator("#figure-path .made > summary").click()
    page.locator("#figure-path a[data-study]").click()
    table = table_of_runs.read(results / "runs.parquet").drop_duplicates(["experiment", "key"])
    count = (table["study"] == "continuum").sum()
    assert page.locator("#shown").inner_text() == f"{count} of {len(table)} runs"
    assert page.evaluate("location.hash") == "#runs&study=continuum"


def test_a_heading_sorts_by_keyboard(opened):
    page = opened()
    heading = page.locator("#runs-table th", has_text="accuracy")
    column = heading.evaluate("heading => heading.cellIndex") + 1
    cells = page.locator(f"#runs-table tbody td:nth-child({column})")
    heading.locator("button").focus()
    page.keyboard.press("Enter")
    values = [float(text) for text in cells.all_inner_texts()]
    assert heading.get_attribute("aria-sort") == "ascending"
    assert values == sorted(values)
    page.keyboard.press("Space")
    values = [float(text) for text in cells.all_inner_texts()]
    assert heading.get_attribute("aria-sort") == "descending"
    assert values == sorted(values, reverse=True)
    page.locator("#runs-table th button", has_text="arm").click()
    assert page.locator("#runs-table th[aria-sort]").count() == 1
    # by value, not as text
    page.locator("#equivalence th button", has_text="unknowns").click()
    unknowns = page.locator("#equivalence tbody td:nth-child(5)").all_inner_texts()
    assert unknowns == ["928", "1,180"]


def test_the_theme_is_the_systems_until_one_is_chosen_and_remembered(opened):
    page = opened(color_scheme="dark")
    button = page.locator("#theme")
    assert brightness(page) < 60
    assert button.get_attribute("aria-pressed") == "true"
    page = opened(color_scheme="light")
    button = page.locator("#theme")
    assert brightness(page) > 200
    button.click()
    assert brightness(page) < 60
    assert button.get_attribute("aria-pressed") == "true"
    page.reload()
    assert brightness(page) < 60
    assert page.faults == []


def test_a_point_says_its_variant(opened, results):
    page = opened()
    point = page.locator("#plot .mark-symbol path").first
    point.hover(force=True)  # whichever of the points that lie there
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    key = re.search(r"[0-9a-f]{16}", tooltip.inner_text())[0]
    assert key in set(table_of_runs.read(results / "runs.parquet")["key"])


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_nothing_is_wider_than_the_screen_and_no_text_lies_on_another(opened, size):
    page = opened(size)
    page.locator("#plot svg").wait_for()
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        page.mouse.wheel(400, 0)
        assert page.evaluate("scrollX") == 0
        assert page.evaluate(STUMBLES) == []
        open_all(page)
    for summary in page.locator(".verdict > summary").all():  # and no text lies on another
        boxes = [part.bounding_box() for part in summary.locator("> *").all()]
        for one, other in itertools.combinations(boxes, 2):
            assert any(
                min(one[edge] + one[length], other[edge] + other[length])
                <= max(one[edge], other[edge]) + 1
                for edge, length in (("x", "width"), ("y", "height"))
            )
    if size == NARROW:  # what is wider scrolls in a place of its own
        wider = "one => one.scrollWidth > one.clientWidth"
        assert page.locator(".scrolled:has(#runs-table)").evaluate(wider)


@pytest.mark.parametrize(
    ("size", "scheme", "rules"),
    [(WIDE, "light", {}), (NARROW, "dark", {"runOnly": ["color-contrast", "target-size"]})],
)
def test_axe_finds_no_fault(opened, size, scheme, rules):
    from axe_playwright_python.sync_playwright import Axe

    page = opened(size, color_scheme=scheme)
    page.locator("#plot svg").wait_for()
    open_all(page)
    # a row of the runs is as good as all, and much quicker
    page.evaluate(
        "[...document.querySelectorAll('#runs-table tbody tr')].slice(3).map(tr => tr.remove())"
    )
    found = Axe().run(page, options={"resultTypes": ["violations"], **rules}).response["violations"]
    faults = {
        f"{one['impact']}: {one['id']}": [node["html"][:200] for node in one["nodes"][:3]]
        for one in found
    }
    assert faults == {}


def test_headings_are_in_order_and_landmarks_are_there(opened):
    page = opened()
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(one => Number(one.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(landmark).count() == 1, landmark
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_link_into_what_is_closed_opens_it(opened):
    page = opened(where="#A1")
    assert page.locator(".verdict > summary").first.is_visible()
    page = opened(where="#figure-path")
    assert page.locator("#figure-path img").is_visible()
    page.evaluate("document.querySelector('.verdict .reason').id = 'inner'")
    page.evaluate("location.hash = '#inner'")
    page.locator("#inner").wait_for()


def test_without_scripts_it_is_whole(opened, results):
    page = opened(java_script_enabled=False)
    table = table_of_runs.read(results / "runs.parquet").drop_duplicates(["experiment", "key"])
    assert page.locator("#runs-table tbody tr").count() == len(table)
    assert page.locator("figure img").count() == 2
    for control in ("#theme", "#filter", "#plot"):
        assert not page.locator(control).is_visible(), control
    page.locator(".claim > details > summary").first.click()
    page.locator(".verdict > summary").first.click()
    assert page.get_by_text("lower bound above 1 of all", exact=True).first.is_visible()


def test_a_view_is_in_the_address(opened, results):
    page = opened()
    page.locator("#filter").fill("dense 4000")
    page.locator("#study").select_option("continuum")
    assert page.evaluate("location.hash") == "#runs&filter=dense+4000&study=continuum"
    said = page.locator("#shown").inner_text()
    again = opened(where="#runs&filter=dense+4000&study=continuum")
    assert again.locator("#filter").input_value() == "dense 4000"
    assert again.locator("#shown").inner_text() == said


def test_every_heading_and_claim_has_a_link_to_itself(opened):
    page = opened()
    links = page.evaluate(
        "[...document.querySelectorAll('a.anchor')].map(one => one.getAttribute('href').slice(1))"
    )
    assert {"verdicts", "A1", "runs", "figure-path", "figure-every-run"} <= set(links)
    missing = "ids => ids.filter(id => !document.getElementById(id))"
    assert page.evaluate(missing, links) == []
    contents = page.locator(".contents .claims a").all()
    assert [one.get_attribute("href") for one in contents] == ["#A1"]
    assert contents[0].bounding_box()["height"] < 30


def test_arrow_keys_go_from_run_to_run(opened):
    page = opened()
    page.locator("#plot svg").wait_for()
    page.locator("#keys").focus()
    assert page.locator("#point").inner_text() == ""
    page.keyboard.press("ArrowRight")
    first = page.locator("#point").inner_text()
    assert first.startswith("1 of ")
    page.keyboard.press("ArrowRight")
    second = page.locator("#point").inner_text()
    assert second.startswith("2 of ")
    proportions = [float(re.search(r"proportion ([\d.]+)", said)[1]) for said in (first, second)]
    assert proportions == sorted(proportions)
    page.keyboard.press("ArrowLeft")
    assert page.locator("#point").inner_text() == first


def test_tables_and_figures_are_downloaded(opened):
    page = opened()
    page.locator("#filter").fill("uniform-0.5")
    with page.expect_download() as given:
        page.get_by_role("button", name="Download as CSV: Runs after their last epoch").click()
    rows = given.value.path().read_text(encoding="utf-8").splitlines()
    assert given.value.suggested_filename == "runs-after-their-last-epoch.csv"
    assert rows[0].startswith("experiment,arm,structure,seed")
    assert len(rows) == 1 + page.locator("#runs-table tbody tr:visible").count()
    with page.expect_download() as given:
        page.locator("a[data-figure=path]").click()
    assert given.value.suggested_filename == "path.svg"
    assert given.value.path().read_text(encoding="utf-8").startswith("<svg")
    tables = page.locator("main table").count()
    assert page.get_by_role("button", name="Download as CSV", include_hidden=True).count() == tables


def test_print_opens_evidence_and_closes_it_again(opened):
    page = opened()
    seen = "[...document.querySelectorAll('.verdict')].filter(one => one.open).length"
    assert page.evaluate(seen) == 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(seen) == len(page.locator(".verdict:not(.not)").all())
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(seen) == 0


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The page of what is published of the default preset, its figures drawn anew."""
    folder = Path(__file__).parents[3] / "published/default"
    drawn = tmp_path_factory.mktemp("kept")
    redraw.draw(folder, drawn / "figures", kinds=["svg"])
    build.write([drawn, folder], drawn / "report.html")
    return (drawn / "report.html").as_uri()


@pytest.mark.nightly
def test_what_is_published_is_short_and_prints_on_ten_sheets(browser, kept, tmp_path):
    for width, height in (NARROW, WIDE):
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(kept)
        page.locator("#plot svg").wait_for()
        assert page.evaluate("document.documentElement.scrollHeight") <= 12_000
    page.pdf(path=tmp_path / "page.pdf", format="A4", prefer_css_page_size=True)
    sheets = re.findall(rb"/Type\s*/Page[^s]", (tmp_path / "page.pdf").read_bytes())
    assert 1 < len(sheets) <= 10
    page.close()
