"""Measure the milliseconds from the key that saves an answer to the next utterance on the screen, in Chromium.

    python -m benchmarks.servers.annotation_page      # 200 utterances of SNIPS; add --keys 50 for a quick look
    python -m benchmarks.servers.annotation_page --bot 80-labels  # or clinc150: while models are trained

From the time stamp that the browser gives the key press to the first task after the frame in which the next utterance
is drawn. Three networks: as it is on one machine; every request 250 ms late; and no answer to any request at all (for
as many utterances as are there ahead). The page is the real one with the real server and store. With --bot, the server
is `canvass annotate` in a process of its own, and after every ten keys it trains the models of a bot
(`benchmarks.data.workloads`).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data.workloads import BOTS
from benchmarks.environment import machine
from benchmarks.servers.annotators import PER_ANNOTATOR, make_project, server_of
from benchmarks.servers.browser import CHROMIUM, link_of, material, page_of, project_of, tasks_of
from canvass import Target
from canvass.annotation.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

LABELLED = 100
LATE = 0.25  # seconds
PACE = 550  # milliseconds that the annotator looks at an utterance: just over the grace for a double press
AHEAD = 4  # utterances that are there before they are needed
LISTEN = """() => {
  window.delays = [];
  document.addEventListener('keydown', event => {
    if (event.key !== 'Enter') return;
    const before = document.getElementById('words').textContent;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.delays.push({
        milliseconds: performance.now() - event.timeStamp,
        moved: document.getElementById('words').textContent !== before,
      });
      channel.port2.postMessage(0);
    });
  }, true);
}"""


def as_it_is(page: Any) -> None:
    """Leave the network alone."""


def late(page: Any) -> None:
    """Hold every request of the API up."""

    def hold(route: Any) -> None:
        time.sleep(LATE)
        route.continue_()

    page.route("**/api/**", hold)


def never(page: Any) -> None:
    """Answer no request."""
    page.route("**/api/**", lambda _: None)


def delays(link: str, count: int, name: str, network: Callable[[Any], None]) -> list[float]:
    """Press Enter again and again; gives milliseconds. Raises AssertionError where a key brought no next utterance."""
    with page_of(link, name) as page:
        page.evaluate(LISTEN)
        page.wait_for_timeout(500)  # the first lease
        network(page)
        for number in range(1, count + 1):
            page.keyboard.press("Enter")
            page.wait_for_function("count => window.delays.length === count", arg=number)
            page.wait_for_timeout(PACE)
        found = page.evaluate("() => window.delays")
        page.unroute_all(behavior="ignoreErrors")
    still = [number for number, one in enumerate(found) if not one["moved"]]
    assert not still, f"the utterance stayed after key {still[:5]}"
    return [one["milliseconds"] for one in found]


def report(name: str, found: list[float]) -> str:
    """One line of figures."""
    ordered = sorted(found)
    high = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return (
        f"{name:22} {len(found):4} keys, median {statistics.median(found):.1f} ms, 95 % within {high:.1f} ms, "
        f"most {ordered[-1]:.1f} ms"
    )


def delays_of_bot(name: str, keys: int) -> str:
    """Measure on the page of a bot that is trained meanwhile; gives a line of figures."""
    work = BOTS[name]
    work.make()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "project"
        # A blind pick of a bot asks for its intent, and Enter alone does not give one.
        make_project(place, work, keys // PER_ANNOTATOR, random_share=0.0)
        with server_of(place) as (_, port, token):
            found = delays(f"http://127.0.0.1:{port}/?token={token}", keys, "Ada", as_it_is)
        with Project.open(place) as project:
            rounds = len(project.store.rounds())
    return f"{report(name, found)}; {rounds} rounds, the first before"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keys", default=200, type=int)
    parser.add_argument("--bot", choices=BOTS)
    options = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    facts = machine()
    print(f"{facts['processor']}, {facts['cores']} cores, load {facts['load_before']}")
    if options.bot:
        print(delays_of_bot(options.bot, options.keys))
        return
    target = Target.parse("domain:music")
    half = options.keys // 2
    found = material(target, labelled=LABELLED, annotated=options.keys + half + 40)
    with (
        tempfile.TemporaryDirectory() as folder,
        project_of(Path(folder), found, target, tasks_of(found, target)) as project,
        link_of(project) as link,
    ):
        print(report("one machine", delays(link, options.keys, "Ada", as_it_is)))
        print(report("requests 250 ms late", delays(link, half, "Bob", late)))
        print(report("no request answered", delays(link, AHEAD, "Eve", never)))


if __name__ == "__main__":
    main()
