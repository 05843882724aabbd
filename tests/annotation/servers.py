"""A real server on a socket, in a thread of the test; run as a script, one to try the page with.

`PYTHONPATH=tests:tests/cli:tests/annotation python tests/annotation/servers.py [PORT]` makes a project in a temporary
folder, prints the link, and serves until it is interrupted.
"""

import contextlib
import sys
import tempfile
import threading
import time
from pathlib import Path

from projects import StillQueue, make_project, music_left, tasks_of

from canvass.annotation.web.app import PAGE
from canvass.annotation.web.security import Access
from canvass.annotation.web.serve import Address, allowed_hosts, listen, run, server_of

TOKEN = "a-token-of-the-tests-0123456789"


class Running:
    """A server that runs: its address, token and link."""

    def __init__(self, address, access):
        self.address = address
        self.access = access
        self.port = address.port
        self.base = f"http://127.0.0.1:{address.port}"
        self.link = address.link(access.token)


@contextlib.contextmanager
def running(project, queue=None, *, hosts=(), page=PAGE):
    """Serve a project, or a list of (project, queue), on a free port of the loopback, from a thread."""
    projects = project if isinstance(project, list) else [(project, queue or StillQueue())]
    listening, address = listen(Address("127.0.0.1", 0))
    access = Access(TOKEN, allowed_hosts(address, hosts), cookie=f"canvass-{address.port}")
    with server_of(projects, access, page=page) as server:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.005)
            yield Running(address, access)
        finally:
            server.should_exit = True
            thread.join(30)
            listening.close()


def main():
    with tempfile.TemporaryDirectory() as folder, make_project(Path(folder) / "music") as project:
        left = music_left(40)
        project.store.swap([*tasks_of(left[:30]), *tasks_of(left[30:], source="random")], round=0)
        listening, address = listen(Address("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8800))
        sys.stdout.write(f"{address.link(TOKEN)}\n")
        sys.stdout.flush()
        access = Access(TOKEN, allowed_hosts(address, ()), cookie="canvass-try")
        with server_of([(project, StillQueue())], access) as server:
            run(server, listening)


if __name__ == "__main__":
    main()
